"""Owns settings files of EC-Lab (.mps): a protocol as BioLogic instruments read it."""

import math

from services.formation.protocol import CellOrder, TestProtocol
from services.formation.stepfile import neutral_form
from shared.errors import OutOfLimitsError


def settings_text(protocol: TestProtocol, order: CellOrder) -> bytes:
    """Return a protocol for one cell as EC-Lab text, in cp1252 with its line ends.

    aurora-unicycler writes the techniques, and the protocol's voltages and currents as safety
    limits of the whole test. The control range is even about 0 where a voltage below 0 may come,
    because EC-Lab clips at the range. EC-Lab has no |V| floor: a short of a symmetric cell is not
    stopped there.

    Raises:
        InvalidInputError: the order lacks a capacity or an area.
        OutOfLimitsError: a current or voltage that no range of EC-Lab has.
    """
    from aurora_unicycler import CyclingProtocol  # 0.6 s, and only this function needs it

    limits = protocol.limits
    reach_v = float(math.ceil(max(abs(limits.lowest_v), abs(limits.highest_v))))
    range_v = (-reach_v if limits.lowest_v < 0.0 else 0.0, reach_v)
    cycling = CyclingProtocol.from_dict(neutral_form(protocol, order))
    try:
        text = str(cycling.to_biologic_mps(sample_name=order.lot_id, range_V=range_v))
    except ValueError as error:
        raise OutOfLimitsError(
            f"{protocol.protocol_id}: EC-Lab has no such range: {error}"
        ) from error
    return "\r\n".join(text.splitlines()).encode("cp1252", errors="replace") + b"\r\n"
