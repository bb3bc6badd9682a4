"""Which parts of a lot are drawn, and what a sample says of the whole lot."""

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from services.quality import attributesplan, stagedplan, variablesplan
from services.quality.attributesplan import AttributesPlan, Level, Severity, Switching
from services.quality.comparison import Figures
from services.quality.domain import SamplingRule, TestSpecification
from services.quality.gates import Decision, Verdict
from services.quality.stagedplan import Kind, StagedPlan, StagedVerdict
from shared.errors import InvalidInputError
from shared.facts import Disposition, PartDisposition


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many parts are drawn; `attributes`, `staged` or the constant `k` says what is accepted.

    sample_count: of all stages together. reason: why nothing can be accepted, None where something
    can.
    """

    sample_count: int
    words: str
    attributes: AttributesPlan | None = None
    staged: StagedPlan | None = None
    k: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a sample said; accepted is None where it is not complete. staged: by which stage."""

    accepted: bool | None
    nonconforming_count: int
    reason: str
    staged: StagedVerdict | None = None


def plan_for(rule: SamplingRule, lot_size: int, series: Switching) -> Plan:
    """Return the plan of a lot by its rule; a lot too small for a plan is measured as a whole."""
    if series.severity == "discontinued":
        return Plan(
            sample_count=lot_size,
            words="inspection discontinued",
            reason="five lots were refused under tightened inspection: improve the process, then "
            "have inspection resumed",
        )
    if rule.method == "iso_2859_1" and rule.level is not None and rule.aql_percent is not None:
        if lot_size < 2:
            return Plan(
                sample_count=lot_size, words="the whole lot", attributes=_fixed(lot_size, 0)
            )
        return _iso_plan(rule.level, rule.aql_percent, rule.stages, lot_size, series.severity)
    if rule.method == "fixed" and rule.sample_count is not None:
        count, accept = min(rule.sample_count, lot_size), rule.accept_count or 0
        words = f"{count} of {lot_size}, Ac {accept}"
        return Plan(sample_count=count, words=words, attributes=_fixed(count, accept))
    plan_s = variablesplan.unknown_sigma_plan(
        rule.good_ratio or 0.0,
        rule.producer_risk_ratio or 0.0,
        rule.bad_ratio or 0.0,
        rule.consumer_risk_ratio or 0.0,
    )
    count = min(plan_s.sample_count, lot_size)
    words = f"ISO 3951 s-method: {count} of {lot_size}, k {plan_s.k:.3f}"
    return Plan(sample_count=count, words=words, k=plan_s.k)


def _iso_plan(
    level: Level, aql_percent: float, kind: Kind | None, lot_size: int, severity: Severity
) -> Plan:
    plan = attributesplan.attributes_plan(lot_size, level, aql_percent, severity)
    staged = stagedplan.staged_plan(lot_size, level, aql_percent, severity, kind or "single")
    about = f"ISO 2859-1 level {level}, AQL {aql_percent:g} %, {plan.severity}, letter"
    if staged is None:
        words = f"{about} {plan.letter}: {plan.sample_count} of {lot_size}, Ac {plan.accept_count}"
        return Plan(sample_count=plan.sample_count, words=words, attributes=plan)
    first, last = staged.stages[0], staged.stages[-1]
    words = (
        f"{about} {staged.letter}, {staged.kind}: {first.sample_count} of {lot_size}, then as many "
        f"again up to {last.sample_count}"
    )
    return Plan(sample_count=last.sample_count, words=words, attributes=plan, staged=staged)


def stage_sizes(plan: Plan) -> tuple[int, ...]:
    """Return how many parts are drawn up to each stage."""
    if plan.staged is None:
        return (plan.sample_count,)
    return tuple(stage.sample_count for stage in plan.staged.stages)


def drawn(lot_id: str, gate: str, items: Sequence[str], count: int) -> list[str]:
    """Return the parts that are measured, in the order of the draw.

    Drawn by hash, so that nobody chooses them; a larger sample begins with the smaller one.
    """
    ordered = sorted(
        items, key=lambda item: hashlib.sha256(f"{lot_id}|{gate}|{item}".encode()).digest()
    )
    return ordered[:count]


def judge_sample(
    spec: TestSpecification,
    plan: Plan,
    sample: Sequence[str],
    figures: Figures,
    verdicts: Mapping[str, Verdict],
) -> Sample:
    """Return what a sample says; a part of it that was not measured leaves it incomplete."""
    bad = sum(verdicts[item].disposition != "released" for item in sample if item in verdicts)
    if plan.reason is not None:
        return Sample(accepted=False, nonconforming_count=bad, reason=plan.reason)
    names = [item.characteristic for item in spec.judged]
    missing = [item for item in sample if all((item, name) not in figures for name in names)]
    if plan.staged is not None:
        return _by_stages(plan, plan.staged, sample, set(missing), verdicts)
    if missing:
        reason = (
            f"unknown: {len(missing)} of the {len(sample)} drawn parts are not measured, "
            f"{missing[0]} for one ({plan.words})"
        )
        return Sample(accepted=None, nonconforming_count=bad, reason=reason)
    if plan.attributes is not None:
        accepted, _ = attributesplan.judged(plan.attributes, bad)
        return Sample(
            accepted=accepted,
            nonconforming_count=bad,
            reason=f"{bad} of {len(sample)} drawn parts nonconforming ({plan.words})",
        )
    return _by_variables(spec, plan, sample, figures, bad)


def _by_stages(
    plan: Plan,
    staged: StagedPlan,
    sample: Sequence[str],
    missing: Set[str],
    verdicts: Mapping[str, Verdict],
) -> Sample:
    """Return what the stages say whose parts are all measured; the next one is asked for."""
    counts = []
    for stage in staged.stages:
        parts = sample[: stage.sample_count]
        if not missing.isdisjoint(parts):
            break
        counts.append(sum(verdicts[one].disposition != "released" for one in parts))
    found = stagedplan.judged(staged, counts)
    bad = found.nonconforming_count
    if found.accepted is None:
        wanted = staged.stages[len(counts)].sample_count
        left = [one for one in sample[:wanted] if one in missing]
        so_far = f"{bad} nonconforming after stage {found.stage}; " if counts else ""
        reason = (
            f"unknown: {so_far}{len(left)} drawn parts of stage {len(counts) + 1} are not "
            f"measured, {left[0]} for one ({plan.words})"
        )
        return Sample(accepted=None, nonconforming_count=bad, reason=reason, staged=found)
    taken = staged.stages[found.stage - 1].sample_count
    reason = f"{bad} of {taken} drawn parts nonconforming, stage {found.stage} ({plan.words})"
    return Sample(accepted=found.accepted, nonconforming_count=bad, reason=reason, staged=found)


def decide_sample(
    lot_id: str,
    items: Sequence[str],
    verdicts: Mapping[str, Verdict],
    found: Sample,
    decisive: Verdict,
) -> Decision:
    """Return the decision over a lot: what failed by itself stays blocked, the rest goes along."""
    whole: Disposition = "released" if found.accepted else "blocked"
    parts = []
    for item in items:
        own = verdicts.get(item)
        failed = own is not None and own.disposition != "released"
        parts.append(
            PartDisposition(
                lot_id=item,
                value=None if own is None else own.decisive.value,
                disposition="blocked" if failed else whole,
                reason=own.reason if own is not None and failed else f"by sample: {found.reason}",
            )
        )
    return Decision(
        lot_id=lot_id,
        disposition=whole,
        decisive=decisive.decisive,
        reason=found.reason,
        parts=tuple(parts),
        blocked_lot_ids=tuple(part.lot_id for part in parts if part.disposition != "released"),
    )


def _by_variables(
    spec: TestSpecification, plan: Plan, sample: Sequence[str], figures: Figures, bad: int
) -> Sample:
    told, passes = [], True
    for item in spec.judged:
        found = [figures.get((lot_id, item.characteristic)) for lot_id in sample]
        values = [one.value for one in found if one is not None and isinstance(one.value, float)]
        if len(values) < len(sample):
            reason = f"unknown: {item.characteristic} of a drawn part has no value ({plan.words})"
            return Sample(accepted=None, nonconforming_count=bad, reason=reason)
        try:
            accepted, words = variablesplan.accepted(values, plan.k or 0.0, item.low, item.high)
        except InvalidInputError as error:
            accepted, words = False, str(error)
        passes = passes and accepted
        told.append(f"{item.characteristic}: {words}")
    reason = f"{'; '.join(told)} ({plan.words})"
    return Sample(accepted=passes, nonconforming_count=bad, reason=reason)


def _fixed(count: int, accept: int) -> AttributesPlan:
    return AttributesPlan(
        letter="",
        severity="normal",
        sample_count=count,
        accept_count=accept,
        refuse_count=accept + 1,
    )
