"""Ids of events: random, and those made later sort later, so that an index grows at its end."""

import secrets
import time
from uuid import UUID


def time_ordered_id() -> UUID:
    """Return a new UUID of version 7 (RFC 9562, 5.7).

    Nothing but the speed of an index may rely on its time: order never comes from clocks.
    """
    bits = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    bits = bits & ~(0xF << 76) | 0x7 << 76
    return UUID(int=bits & ~(0x3 << 62) | 0x2 << 62)
