"""Watches how long the plant's certificates, of OPC UA and of TLS, are valid; says it in time."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from cryptography import x509

from services.plc import domain, store
from shared.app import Service
from shared.db import Signal
from shared.events import CertificateValidityChanged
from shared.trust import TrustList

log = structlog.get_logger()
LOOK_S = 60.0


class CertificateWatch:
    """The applications' own certificates and those that may enter, by wall time.

    tls_dir: the folder of the parts' TLS certificates, which are named `tls/<part>`.
    """

    def __init__(
        self,
        service: Service,
        pki_dir: Path,
        trust: TrustList,
        alarm_days: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        tls_dir: Path | None = None,
    ) -> None:
        self._tls_dir = tls_dir
        self._service, self._pki_dir, self._trust = service, pki_dir, trust
        self._alarm_days, self._now = alarm_days, now
        self.ending: dict[str, tuple[str, datetime]] = {}
        self.changed = Signal()

    def state(self) -> list[dict[str, Any]]:
        """Return name, end and days left of each certificate, the first to end first."""
        found = [
            {
                "name": name,
                "valid_until": valid_until,
                "days_left": self._days_left(valid_until),
                "state": domain.validity(valid_until, self._now(), self._alarm_days),
            }
            for name, valid_until in self._read()
        ]
        return sorted(found, key=lambda one: (one["valid_until"], one["name"]))

    async def watch(self) -> None:
        """Look for ever, each minute."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Commit and say each certificate that began to near its end, ended or was renewed."""
        service = self._service
        async with service.database.quiet() as tx:
            self.ending = await store.ending_certificates(tx)
        now = self._now()
        for name, valid_until in await asyncio.to_thread(lambda: list(self._read())):
            state = domain.validity(valid_until, now, self._alarm_days)
            if state == self.ending.get(name, ("valid", valid_until))[0]:
                continue
            event = CertificateValidityChanged(
                name=name,
                state=state,
                valid_until=valid_until,
                days_left=self._days_left(valid_until),
            )
            async with service.database.begin() as tx:
                await store.set_certificate(tx, name, state, valid_until)
                await service.outbox.record(tx, event)
            log.warning("certificate", name=name, state=state, days_left=event.days_left)
            self.ending.pop(name, None)
            if state != "valid":
                self.ending[name] = (state, valid_until)
            self.changed.set()

    def _days_left(self, valid_until: datetime) -> int:
        return (valid_until - self._now()).days

    def _read(self) -> Iterator[tuple[str, datetime]]:
        own = sorted(self._pki_dir.glob("*/cert.der"))
        yield from _ends(own, x509.load_der_x509_certificate, "")
        names = {path.parent.name for path in own}
        for one in self._trust.everything():
            if one.state == "trusted" and one.name not in names:
                yield one.name, one.valid_until
        if self._tls_dir is not None:
            parts = sorted(self._tls_dir.glob("*/cert.pem"))
            yield from _ends(parts, x509.load_pem_x509_certificate, "tls/")


def _ends(
    paths: list[Path], load: Callable[[bytes], x509.Certificate], prefix: str
) -> Iterator[tuple[str, datetime]]:
    for path in paths:
        try:
            certificate = load(path.read_bytes())
        except (OSError, ValueError):
            continue  # just being renewed; damaged ones are told when they are used
        yield prefix + path.parent.name, certificate.not_valid_after_utc
