"""Decides over lots by samples of their parts, and keeps how strictly the next lot is inspected."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from services.quality import attributesplan, lineage, samples, stagedplan, store
from services.quality.attributesplan import Severity, Switching
from services.quality.comparison import Figures, Key
from services.quality.decisions import Recorder
from services.quality.domain import Identifier, Input, Name, SamplingRule, TestSpecification
from services.quality.gates import Verdict
from services.quality.samples import Plan, Sample
from services.quality.signatures import SignatureGiven, Words
from services.quality.signing import Signing
from services.quality.store import Passage, all_rows
from shared.clock import Clock
from shared.db import sql
from shared.errors import ConflictError
from shared.transaction import Transaction

DISCONTINUED: Severity = "discontinued"
TIGHTENED: Severity = "tightened"


class Resumption(Input):
    """Who has inspection of a series resumed after it was discontinued, and what was improved."""

    product_id: Identifier
    operation: Name
    gate: Name
    reason: Words
    signature: SignatureGiven


class Sampler:
    """Takes the verdicts over drawn parts to a decision over their lot."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder, self._clock = recorder, clock

    async def measured(
        self, tx: Transaction, spec: TestSpecification, passage: Passage
    ) -> tuple[Figures, Mapping[Key, str], tuple[str, ...]]:
        """Return the figures of parts, by what protocol, and the parts that have one.

        Stages of a double or multiple plan may be measured by one job order after the other.
        """
        figures, protocols = await store.figures(tx, passage.job_order_id)
        parts = list(passage.parts)
        if spec.sampling is not None and spec.sampling.stages is not None:
            before, by = await store.figures_before(tx, passage)
            figures, protocols = {**before, **figures}, {**by, **protocols}
            parts += await lineage.members(tx, passage.lot_id)
        known = {lot_id for lot_id, _ in figures}
        return figures, protocols, tuple(one for one in dict.fromkeys(parts) if one in known)

    async def decide(
        self,
        tx: Transaction,
        spec: TestSpecification,
        passage: Passage,
        figures: Figures,
        verdicts: dict[str, Verdict],
    ) -> None:
        """Decide over a lot; `verdicts` are those over the parts that were measured.

        Only the first sample of a job order moves the series: judging again is no new lot.
        """
        rule = spec.sampling
        if rule is None or not verdicts:
            return
        lot_id = passage.lot_id
        items = await lineage.members(tx, lot_id) or list(passage.parts)
        series = await _locked_series(tx, passage, spec.gate)
        plan = samples.plan_for(rule, len(items), series)
        sample = samples.drawn(lot_id, spec.gate, items, plan.sample_count)
        found = samples.judge_sample(spec, plan, sample, figures, verdicts)
        if found.accepted is not None and await self._keep(tx, spec, passage, items, plan, found):
            after = _after(rule, series, plan, found)
            await _keep_series(tx, passage.product_id, passage.operation, spec.gate, after)
        failed = [one for one in verdicts.values() if one.disposition != "released"]
        decisive = (failed or list(verdicts.values()))[0]
        decision = samples.decide_sample(lot_id, items, verdicts, found, decisive)
        await self._recorder.keep_decision(
            tx, passage, spec.gate, spec.version, decision, to_sign=spec.is_signed
        )

    async def _keep(
        self,
        tx: Transaction,
        spec: TestSpecification,
        passage: Passage,
        items: list[str],
        plan: Plan,
        found: Sample,
    ) -> bool:
        severity: Severity = "normal" if plan.attributes is None else plan.attributes.severity
        if plan.reason is not None:
            severity = DISCONTINUED
        added = await tx.execute(
            sql("""
                INSERT INTO sampled_lot (job_order_id, gate, lot_id, product_id, operation,
                    severity, lot_size, sample_count, nonconforming_count, accepted, reason,
                    judged_at)
                VALUES (:job_order_id, :gate, :lot_id, :product_id, :operation, :severity,
                    :lot_size, :sample_count, :nonconforming_count, :accepted, :reason, :at)
                ON CONFLICT DO NOTHING"""),
            {
                "job_order_id": passage.job_order_id,
                "gate": spec.gate,
                "lot_id": passage.lot_id,
                "product_id": passage.product_id,
                "operation": passage.operation,
                "severity": severity,
                "lot_size": len(items),
                "sample_count": plan.sample_count,
                "nonconforming_count": found.nonconforming_count,
                "accepted": found.accepted,
                "reason": found.reason,
                "at": self._clock.now(),
            },
        )
        return bool(added.rowcount)


async def resume(
    tx: Transaction, signing: Signing, clock: Clock, given: Resumption
) -> dict[str, Any]:
    """Have a discontinued series inspected again, tightened at first.

    Raises:
        ConflictError: it is not discontinued.
        NotAllowedError: the role may not sign it.
    """
    key = (given.product_id, given.operation, given.gate)
    series = await _series(tx, *key)
    if series.severity != DISCONTINUED:
        raise ConflictError(
            f"inspection of {' '.join(key)} is {series.severity}, not discontinued",
            {"severity": series.severity},
        )
    now = clock.now()
    record = {
        "kind": "resumption",
        "id": f"{'-'.join(key)}-{now:%Y%m%dT%H%M%S%f}",
        "lot_id": "-".join(key),
        "reason": given.reason,
    }
    standing = await signing.sign(tx, "again", record, given.signature, now)
    await _keep_series(tx, *key, Switching(severity=TIGHTENED))
    return {"severity": TIGHTENED, "record_sha256": standing.record_sha256}


async def shown(tx: Transaction, limit: int) -> dict[str, Any]:
    """Return all series with their severity, and the newest samples."""
    series = await all_rows(
        tx, "SELECT * FROM sampling_series ORDER BY product_id, operation, gate"
    )
    lots = await all_rows(
        tx,
        "SELECT * FROM sampled_lot ORDER BY judged_at DESC, job_order_id, gate LIMIT :limit",
        limit=limit,
    )
    return {
        "series": [
            {name: row[name] for name in ("product_id", "operation", "gate")} | row["body"]
            for row in series
        ],
        "items": [dict(row) for row in lots],
    }


async def to_draw(
    tx: Transaction, spec: TestSpecification, rule: SamplingRule, lot_id: str
) -> dict[str, Any]:
    """Return which parts of a lot are to be measured, by the plan as the series stands now.

    `lot_ids` are those of the first stage; each further one is for a lot that is undecided by then.
    """
    items = await lineage.members(tx, lot_id)
    series = await _series(tx, spec.product_id, spec.operation, spec.gate)
    plan = samples.plan_for(rule, len(items), series)
    parts = samples.drawn(lot_id, spec.gate, items, plan.sample_count)
    stages, begin = [], 0
    for end in samples.stage_sizes(plan):
        stages.append(sorted(parts[begin:end]))
        begin = end
    return {
        "lot_id": lot_id,
        "lot_size": len(items),
        "plan": plan.words,
        "lot_ids": stages[0],
        "stages": stages,
    }


def _after(rule: SamplingRule, series: Switching, plan: Plan, found: Sample) -> Switching:
    if plan.attributes is None or rule.level is None or rule.aql_percent is None:
        return series
    if not plan.attributes.letter:
        return series
    if plan.staged is not None and found.staged is not None:
        return attributesplan.after_lot(
            series,
            accepted=found.accepted is True,
            keeps_reduced=found.staged.keeps_reduced,
            gained=stagedplan.gain(plan.staged, found.staged),
        )
    bad = found.nonconforming_count
    return attributesplan.switched(series, plan.attributes, bad, rule.aql_percent)


async def _series(tx: Transaction, product_id: str, operation: str, gate: str) -> Switching:
    rows = await all_rows(
        tx,
        """
        SELECT body FROM sampling_series
        WHERE (product_id, operation, gate) = (:product_id, :operation, :gate) FOR UPDATE""",
        product_id=product_id,
        operation=operation,
        gate=gate,
    )
    if not rows:
        return Switching()
    return Switching(**{**rows[0]["body"], "recent": tuple(rows[0]["body"]["recent"])})


async def _locked_series(tx: Transaction, passage: Passage, gate: str) -> Switching:
    key = {"product_id": passage.product_id, "operation": passage.operation, "gate": gate}
    await tx.execute(
        sql("""
            INSERT INTO sampling_series (product_id, operation, gate, body)
            VALUES (:product_id, :operation, :gate, CAST(:body AS jsonb))
            ON CONFLICT DO NOTHING"""),
        {**key, "body": json.dumps(asdict(Switching()))},
    )
    return await _series(tx, **key)


async def _keep_series(
    tx: Transaction, product_id: str, operation: str, gate: str, series: Switching
) -> None:
    await tx.execute(
        sql("""
            UPDATE sampling_series SET body = CAST(:body AS jsonb)
            WHERE (product_id, operation, gate) = (:product_id, :operation, :gate)"""),
        {
            "product_id": product_id,
            "operation": operation,
            "gate": gate,
            "body": json.dumps(asdict(series)),
        },
    )
