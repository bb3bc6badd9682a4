"""Owns our own watch over running tests, beside the tester's: when a test must be stopped."""

from dataclasses import dataclass

from services.formation.answers import ChannelPoint
from services.formation.protocol import CellOrder, Current, Limits, Step, TestProtocol, current_ma

# A tester carries less than this share of the ordered current only when the contact is gone.
CONTACT_RATIO = 0.02
CONTACT_LOOKS = 3  # in a row; a look may fall into a change of steps
SETTLE_S = 2.0  # of a step; what happens before is its edge


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What was seen of one test at the last look, and how often it carried no current."""

    total_time_s: float
    step_id: int | None
    voltage_v: float
    idle_looks: int


def step_at(protocol: TestProtocol, point: ChannelPoint) -> Step | None:
    """Return the ordered step that a point stands in; None while idle or beyond the last."""
    number = point.step_id
    if number is None or not 1 <= number <= len(protocol.steps):
        return None
    return protocol.steps[number - 1]


def watch(
    protocol: TestProtocol, order: CellOrder, point: ChannelPoint, before: Watched | None
) -> tuple[Watched, str | None]:
    """Return what to remember of a point, and the reason to stop the test now, or None.

    Stops on: voltage outside the protocol's limits, a short (|V| under its floor or falling faster
    than its rate while current flows), temperature over its limit where the tester tells one,
    current of the wrong sign or 10 % over, contact lost (no current in a current step).
    """
    step = step_at(protocol, point)
    ordered_ma = current_ma(step, order) if isinstance(step, Current) else None
    settled = point.step_time_s >= SETTLE_S
    idle = _is_idle(point, ordered_ma) and settled
    looks = (before.idle_looks + 1 if before else 1) if idle else 0
    seen = Watched(
        total_time_s=point.total_time_s,
        step_id=point.step_id,
        voltage_v=point.voltage_v,
        idle_looks=looks,
    )
    if point.state != "working":
        return seen, None
    reason = (
        _voltage(protocol.limits, point)
        or _temperature(protocol.limits, point)
        or _current(ordered_ma, point)
    )
    if reason is None and settled:
        reason = _short(protocol.limits, point, before, idle)
    if reason is None and looks >= CONTACT_LOOKS:
        reason = (
            f"contact lost: {point.current_ma:g} mA in {looks} looks, ordered {ordered_ma:g} mA;"
            " look at the clamp"
        )
    return seen, reason


def _is_idle(point: ChannelPoint, ordered_ma: float | None) -> bool:
    return ordered_ma is not None and abs(point.current_ma) < CONTACT_RATIO * abs(ordered_ma)


def _voltage(limits: Limits, point: ChannelPoint) -> str | None:
    if limits.lowest_v <= point.voltage_v <= limits.highest_v:
        return None
    return f"voltage {point.voltage_v:g} V, limits {limits.lowest_v:g} to {limits.highest_v:g} V"


def _temperature(limits: Limits, point: ChannelPoint) -> str | None:
    highest, found = limits.highest_temperature_degc, point.temperature_degc
    if highest is None or found is None or found <= highest:
        return None
    return f"temperature {found:g} degC, limit {highest:g} degC"


def _current(ordered_ma: float | None, point: ChannelPoint) -> str | None:
    if ordered_ma is None:
        return None
    margin_ma = 0.1 * abs(ordered_ma)
    low, high = min(0.0, ordered_ma) - margin_ma, max(0.0, ordered_ma) + margin_ma
    if low <= point.current_ma <= high:
        return None
    return f"current {point.current_ma:g} mA, ordered {ordered_ma:g} mA within 10 %"


def _short(limits: Limits, point: ChannelPoint, before: Watched | None, idle: bool) -> str | None:
    """Return why this is a short; only in one step's own time, whose edges move the voltage."""
    if point.step_type not in ("cc", "dc") or idle:
        return None
    floor_v, fall = limits.short_floor_v, limits.highest_fall_v_per_s
    if floor_v is not None and abs(point.voltage_v) < floor_v:
        return f"short: |V| {abs(point.voltage_v):g} V under current, floor {floor_v:g} V"
    if fall is None or before is None or before.step_id != point.step_id:
        return None
    passed_s = point.total_time_s - before.total_time_s
    if not 0.0 < passed_s <= point.step_time_s:
        return None
    rate = (abs(before.voltage_v) - abs(point.voltage_v)) / passed_s
    if rate <= fall:
        return None
    return f"short: |V| falls by {rate:.3g} V/s, limit {fall:g} V/s"
