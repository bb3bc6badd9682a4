"""Which parts of a lot are drawn, and what a sample says of the whole lot."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.quality import attributesplan, variablesplan
from services.quality.attributesplan import AttributesPlan, Switching
from services.quality.comparison import Figures
from services.quality.domain import SamplingRule, TestSpecification
from services.quality.gates import Decision, Verdict
from shared.errors import InvalidInputError
from shared.facts import Disposition, PartDisposition


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many parts are drawn; `attributes` or the acceptance constant `k` says what is accepted.

    reason: why nothing can be accepted, None where something can.
    """

    sample_count: int
    words: str
    attributes: AttributesPlan | None = None
    k: float | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a sample said; accepted is None where it is not complete."""

    accepted: bool | None
    nonconforming_count: int
    reason: str


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
        plan = attributesplan.attributes_plan(
            lot_size, rule.level, rule.aql_percent, series.severity
        )
        words = (
            f"ISO 2859-1 level {rule.level}, AQL {rule.aql_percent:g} %, {plan.severity}, letter "
            f"{plan.letter}: {plan.sample_count} of {lot_size}, Ac {plan.accept_count}"
        )
        return Plan(sample_count=plan.sample_count, words=words, attributes=plan)
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


def drawn(lot_id: str, gate: str, items: Sequence[str], count: int) -> list[str]:
    """Return the parts that are measured: drawn by hash, so that nobody chooses them."""
    ordered = sorted(
        items, key=lambda item: hashlib.sha256(f"{lot_id}|{gate}|{item}".encode()).digest()
    )
    return sorted(ordered[:count])


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
