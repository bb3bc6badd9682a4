"""By whom the site's OpenID provider is believed: the authority that the plant file gives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from fastapi import FastAPI

from deploy.authority import Authority, Part
from services.gateway.https import HttpsDoor
from services.gateway.oidc import Provider
from shared.errors import InvalidInputError, ServiceUnreachableError
from shared.identity import Identity
from shared.settings import OidcSettings, read_plant
from tests.conftest import free_port
from tests.station.speaker import plant_file


@asynccontextmanager
async def provider(folder: Path) -> AsyncIterator[str]:
    """The issuer of a provider that an authority in this folder vouches for."""
    Authority(folder).ensure([Part(name="login", hosts=("localhost",))])
    app, port = FastAPI(), free_port()
    issuer = f"https://localhost:{port}"

    @app.get("/.well-known/openid-configuration")
    def configuration() -> dict[str, str]:
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/login",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
        }

    door = HttpsDoor(app, Identity(folder / "login"), "127.0.0.1", port)
    serving = asyncio.create_task(door.run())
    async with asyncio.timeout(20.0):
        while not door.started:
            await asyncio.sleep(0.02)
    yield issuer
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


def asked(issuer: str, folder: Path, authority: str | None) -> Provider:
    settings = OidcSettings(
        issuer=issuer,
        client_id="halite",
        public_url="https://mes.example",
        roles={"mes-operators": ("operator",)},
        authority=authority,
    )
    return Provider(settings, folder / "oidc-client-secret")


async def test_a_provider_is_believed_by_the_authority_of_its_site_and_by_no_other(
    tmp_path: Path,
) -> None:
    Authority(tmp_path / "other").ensure([Part(name="login", hosts=("localhost",))])
    other = (tmp_path / "other/login/ca.pem").read_text()
    async with provider(tmp_path / "site") as issuer:
        ours = (tmp_path / "site/login/ca.pem").read_text()

        way = await asked(issuer, tmp_path, ours).way_there("state", "nonce", "v" * 43)

        assert way.startswith(f"{issuer}/login?")
        for authority in (other, None):
            with pytest.raises(ServiceUnreachableError, match="CERTIFICATE_VERIFY_FAILED"):
                await asked(issuer, tmp_path, authority).way_there("state", "nonce", "v" * 43)


@pytest.mark.parametrize("given", ["", "site-ca.pem", "-----BEGIN CERTIFICATE-----", "Straße"])
def test_what_is_no_certificate_is_refused_when_the_plant_file_is_read(
    tmp_path: Path, given: str
) -> None:
    file = plant_file(tmp_path, f'[erp]\nurl = "https://erp.example"\nauthority = "{given}"\n')

    with pytest.raises(InvalidInputError, match=r"erp\.authority"):
        read_plant(file)
