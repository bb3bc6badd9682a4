"""Owns our own watch over running tests, beside the tester's: when a test must be stopped."""

from dataclasses import dataclass
from typing import Literal

from services.formation.answers import ChannelPoint
from services.formation.protocol import CellOrder, Current, Limits, Step, TestProtocol, current_ma

# A tester carries less than this share of the ordered current only when the contact is gone.
CONTACT_RATIO = 0.02
CONTACT_LOOKS = 3  # in a row; a look may fall into a change of steps
SETTLE_S = 2.0  # of a step; what happens before is its edge
SHORT_LOOKS = 4  # in a row, over three samples (process.md 3c no. 2)

Quantity = Literal["voltage_v", "magnitude_v", "current_ma", "magnitude_ma", "resistance_ohm"]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Between which values of a quantity a test is sound, both included; None: no limit there.

    quantity: `magnitude_…` is without sign, `resistance_ohm` is |V| over |I|.
    """

    quantity: Quantity
    low: float | None = None
    high: float | None = None

    def hold(self, voltage_v: float, current_ma: float) -> bool:
        """Return whether a row is sound; without current a resistance is not known, so it is."""
        match self.quantity:
            case "voltage_v":
                value = voltage_v
            case "magnitude_v":
                value = abs(voltage_v)
            case "current_ma":
                value = current_ma
            case "magnitude_ma":
                value = abs(current_ma)
            case "resistance_ohm":
                if current_ma == 0.0:
                    return True
                value = 1e3 * abs(voltage_v / current_ma)
        above = self.low is None or value >= self.low
        return above and (self.high is None or value <= self.high)


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Why a test must stop now; `sound` is what rows held before, None where no row tells."""

    reason: str
    sound: Bounds | None = None


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What was seen of one test at the last look, and how often it carried no current.

    step_ohm: |V| over |I| at the last sound look of this current step; before_ohm: of the current
    step before. low_looks: looks in a row at which it had dropped too far below that.
    """

    total_time_s: float
    step_id: int | None
    voltage_v: float
    idle_looks: int
    step_ohm: float | None = None
    before_ohm: float | None = None
    low_looks: int = 0


def step_at(protocol: TestProtocol, point: ChannelPoint) -> Step | None:
    """Return the ordered step that a point stands in; None while idle or beyond the last."""
    number = point.step_id
    if number is None or not 1 <= number <= len(protocol.steps):
        return None
    return protocol.steps[number - 1]


def watch(
    protocol: TestProtocol, order: CellOrder, point: ChannelPoint, before: Watched | None
) -> tuple[Watched, Alarm | None]:
    """Return what to remember of a point, and why the test must stop now, or None.

    Stops on: voltage outside the protocol's limits, a short (|V| under its floor, falling faster
    than its rate, or |V| over |I| fallen by more than its share since the current step before,
    while current flows), temperature over its limit where the tester tells one, current of the
    wrong sign or 10 % over, contact lost (no current in a current step).
    """
    step = step_at(protocol, point)
    ordered_ma = current_ma(step, order) if isinstance(step, Current) else None
    settled = point.step_time_s >= SETTLE_S
    idle = _is_idle(point, ordered_ma) and settled
    looks = (before.idle_looks + 1 if before else 1) if idle else 0
    judged = settled and ordered_ma is not None and not idle and point.state == "working"
    seen = _seen(protocol.limits, point, before, looks, judged)
    if point.state != "working":
        return seen, None
    alarm = (
        _voltage(protocol.limits, point)
        or _temperature(protocol.limits, point)
        or _current(ordered_ma, point)
    )
    if alarm is None and settled:
        alarm = _short(protocol.limits, point, before, idle) or _dropped(protocol.limits, seen)
    if alarm is None and looks >= CONTACT_LOOKS and ordered_ma is not None:
        alarm = Alarm(
            reason=f"contact lost: {point.current_ma:g} mA in {looks} looks, ordered"
            f" {ordered_ma:g} mA; look at the clamp",
            sound=Bounds(quantity="magnitude_ma", low=CONTACT_RATIO * abs(ordered_ma)),
        )
    return seen, alarm


def alarm_of_tester(limits: Limits, voltage_v: float, current_ma: float) -> Alarm | None:
    """Return which of a protocol's limits a last row breaks, after a tester stopped by itself."""
    if not limits.lowest_v <= voltage_v <= limits.highest_v:
        sound = Bounds(quantity="voltage_v", low=limits.lowest_v, high=limits.highest_v)
        return Alarm(reason="voltage outside its limits", sound=sound)
    floor_v = limits.short_floor_v
    if floor_v is not None and current_ma and abs(voltage_v) < floor_v:
        sound = Bounds(quantity="magnitude_v", low=floor_v)
        return Alarm(reason="|V| under its floor", sound=sound)
    return None


def _seen(
    limits: Limits, point: ChannelPoint, before: Watched | None, idle_looks: int, judged: bool
) -> Watched:
    """Return what to remember of a point; a step that ended leaves its resistance behind."""
    same = before is not None and before.step_id == point.step_id
    step_ohm = before.step_ohm if before is not None and same else None
    before_ohm, low_looks = None, 0
    if before is not None:
        before_ohm = before.before_ohm if same else before.step_ohm or before.before_ohm
        low_looks = before.low_looks if same else 0
    if judged and point.current_ma:
        ohm = 1e3 * abs(point.voltage_v / point.current_ma)
        reference = before_ohm or step_ohm
        drop = limits.highest_drop_ratio
        if drop is not None and reference is not None and ohm < (1.0 - drop) * reference:
            low_looks += 1
        else:
            step_ohm, low_looks = ohm, 0
    return Watched(
        total_time_s=point.total_time_s,
        step_id=point.step_id,
        voltage_v=point.voltage_v,
        idle_looks=idle_looks,
        step_ohm=step_ohm,
        before_ohm=before_ohm,
        low_looks=low_looks,
    )


def _is_idle(point: ChannelPoint, ordered_ma: float | None) -> bool:
    return ordered_ma is not None and abs(point.current_ma) < CONTACT_RATIO * abs(ordered_ma)


def _voltage(limits: Limits, point: ChannelPoint) -> Alarm | None:
    if limits.lowest_v <= point.voltage_v <= limits.highest_v:
        return None
    return Alarm(
        reason=f"voltage {point.voltage_v:g} V, limits {limits.lowest_v:g} to {limits.highest_v:g}"
        " V",
        sound=Bounds(quantity="voltage_v", low=limits.lowest_v, high=limits.highest_v),
    )


def _temperature(limits: Limits, point: ChannelPoint) -> Alarm | None:
    highest, found = limits.highest_temperature_degc, point.temperature_degc
    if highest is None or found is None or found <= highest:
        return None
    return Alarm(reason=f"temperature {found:g} degC, limit {highest:g} degC")


def _current(ordered_ma: float | None, point: ChannelPoint) -> Alarm | None:
    if ordered_ma is None:
        return None
    margin_ma = 0.1 * abs(ordered_ma)
    low, high = min(0.0, ordered_ma) - margin_ma, max(0.0, ordered_ma) + margin_ma
    if low <= point.current_ma <= high:
        return None
    return Alarm(
        reason=f"current {point.current_ma:g} mA, ordered {ordered_ma:g} mA within 10 %",
        sound=Bounds(quantity="current_ma", low=low, high=high),
    )


def _short(limits: Limits, point: ChannelPoint, before: Watched | None, idle: bool) -> Alarm | None:
    """Return why this is a short; only in one step's own time, whose edges move the voltage."""
    if point.step_type not in ("cc", "dc") or idle:
        return None
    floor_v, fall = limits.short_floor_v, limits.highest_fall_v_per_s
    if floor_v is not None and abs(point.voltage_v) < floor_v:
        return Alarm(
            reason=f"short: |V| {abs(point.voltage_v):g} V under current, floor {floor_v:g} V",
            sound=Bounds(quantity="magnitude_v", low=floor_v),
        )
    if fall is None or before is None or before.step_id != point.step_id:
        return None
    passed_s = point.total_time_s - before.total_time_s
    if not 0.0 < passed_s <= point.step_time_s:
        return None
    rate = (abs(before.voltage_v) - abs(point.voltage_v)) / passed_s
    if rate <= fall:
        return None
    middle_v = 0.5 * (abs(before.voltage_v) + abs(point.voltage_v))
    return Alarm(
        reason=f"short: |V| falls by {rate:.3g} V/s, limit {fall:g} V/s",
        sound=Bounds(quantity="magnitude_v", low=middle_v),
    )


def _dropped(limits: Limits, seen: Watched) -> Alarm | None:
    """Return why a cell counts as shorted whose resistance fell, look after look."""
    reference, drop = seen.before_ohm or seen.step_ohm, limits.highest_drop_ratio
    if reference is None or drop is None or seen.low_looks < SHORT_LOOKS:
        return None
    least_ohm = (1.0 - drop) * reference
    return Alarm(
        reason=f"short: |V|/|I| under {least_ohm:.4g} ohm in {seen.low_looks} looks, more than"
        f" {100 * drop:g} % below the {reference:.4g} ohm before",
        sound=Bounds(quantity="resistance_ohm", low=least_ohm),
    )
