"""Tokens between services: who may sign what, for whom, and for how long."""

import json
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from joserfc import jwt

from shared.door import Introduced
from shared.errors import NotSignedInError, PersonNeededError
from shared.tokenkeys import (
    ALGORITHM,
    RENEWED_AFTER_S,
    STILL_COUNTS_S,
    ensure_key,
    public_keys,
    signing_key,
)
from shared.tokens import CLOCKS_APART_S, LIFETIME_S, Claims, Signer, Verifier
from shared.tokens import RENEWED_AFTER_S as USED_FOR_S

BEGIN_S = 1_800_000_000.0


class Wall:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = BEGIN_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Path]:
    for name in ("gateway", "formation", "quality"):
        ensure_key(tmp_path, name, BEGIN_S, RENEWED_AFTER_S)
    yield tmp_path


def token_of(signer: Signer, *args: object, **more: object) -> str:
    token = signer.token(*args, **more)  # type: ignore[arg-type]
    assert token is not None
    return token


def test_the_gateway_speaks_for_persons_with_the_rights_it_names(keys: Path, wall: Wall) -> None:
    token = token_of(Signer(keys, "gateway", wall), "quality", {"decide"}, "mila", "Mila (mila)")
    assert Verifier(keys, "quality", wall).claims(token) == Claims(
        issuer="gateway", permissions=frozenset({"decide"}), login="mila", person="Mila (mila)"
    )


def test_another_service_speaks_for_itself_and_may_read_and_exchange(
    keys: Path, wall: Wall
) -> None:
    signer = Signer(keys, "formation", wall)
    token = token_of(signer, "quality", {"read", "decide", "administer"}, "mila", "Mila (mila)")
    assert Verifier(keys, "quality", wall).claims(token) == Claims(
        issuer="formation", permissions=frozenset({"read"})
    )


def test_a_token_is_for_one_service(keys: Path, wall: Wall) -> None:
    token = token_of(Signer(keys, "gateway", wall), "formation")
    with pytest.raises(NotSignedInError, match="another service than quality"):
        Verifier(keys, "quality", wall).claims(token)


def test_a_token_ends_and_one_from_a_clock_far_ahead_does_not_count(keys: Path, wall: Wall) -> None:
    verifier = Verifier(keys, "quality", wall)
    token = token_of(Signer(keys, "gateway", wall), "quality")
    wall.now_s += LIFETIME_S + CLOCKS_APART_S - 0.1
    assert verifier.claims(token).issuer == "gateway"
    wall.now_s += 0.2
    for judge in (verifier, Verifier(keys, "quality", wall)):
        with pytest.raises(NotSignedInError, match="counts for 60 s, and not now"):
            judge.claims(token)
    wall.now_s = BEGIN_S - CLOCKS_APART_S - 0.1
    with pytest.raises(NotSignedInError, match="not now"):
        verifier.claims(token)


def test_a_token_is_used_again_for_half_its_life_also_when_the_clock_is_set_back(
    keys: Path, wall: Wall
) -> None:
    signer = Signer(keys, "gateway", wall)
    first = token_of(signer, "quality")
    wall.now_s += USED_FOR_S - 1
    assert token_of(signer, "quality") == first
    assert token_of(signer, "quality", {"operate"}) != first
    wall.now_s += 1
    second = token_of(signer, "quality")
    wall.now_s -= 3600
    third = token_of(signer, "quality")
    assert len({first, second, third}) == 3
    assert Verifier(keys, "quality", wall).claims(third).issuer == "gateway"


def tampered(token: str) -> Iterator[tuple[str, str]]:
    """Yield tokens that somebody made of a good one, with what is said of each."""
    head, body, signature = token.split(".")
    yield "", "no key of this plant"
    yield "x", "no key of this plant"
    yield f"{head}.{body}", "signature is wrong"
    yield f"{head}.{body}.{signature[:-4]}AAAA", "signature is wrong"
    yield f"{head}.{body[:-2]}AA.{signature}", "signature is wrong"
    unsigned = b'{"alg":"none","kid":"gateway.0"}'.hex()
    yield f"{unsigned}.{body}.", "no key of this plant"
    yield urlsafe_b64encode(b"[" * 3000).decode(), "no key of this plant"
    yield "A" * 5000, "5000 characters, at most 4096"


def test_what_was_tampered_with_is_refused(keys: Path, wall: Wall) -> None:
    verifier = Verifier(keys, "quality", wall)
    for bad, said in tampered(token_of(Signer(keys, "gateway", wall), "quality")):
        with pytest.raises(NotSignedInError, match=said):
            verifier.claims(bad)


def test_a_key_signs_for_its_owner_alone_and_no_longer_than_a_minute(
    keys: Path, wall: Wall
) -> None:
    key = signing_key(keys, "formation")
    assert key is not None
    header = {"alg": ALGORITHM, "kid": key.key_id}
    said = {"iss": "gateway", "aud": "quality", "iat": BEGIN_S, "exp": BEGIN_S + 60}
    forged = jwt.encode(header, said, key.key, algorithms=[ALGORITHM])
    with pytest.raises(NotSignedInError):
        Verifier(keys, "quality", wall).claims(forged)
    said |= {"iss": "formation", "exp": BEGIN_S + 86_400}
    long = jwt.encode(header, said, key.key, algorithms=[ALGORITHM])
    wall.now_s += LIFETIME_S + CLOCKS_APART_S
    with pytest.raises(NotSignedInError, match="counts for 60 s"):
        Verifier(keys, "quality", wall).claims(long)
    endless = jwt.encode(header, {"iss": "formation", "aud": "quality"}, key.key, [ALGORITHM])
    with pytest.raises(NotSignedInError, match="does not say when it ends"):
        Verifier(keys, "quality", wall).claims(endless)


def test_keys_are_renewed_each_day_and_the_old_one_ends_soon_after(keys: Path, wall: Wall) -> None:
    signer, verifier = Signer(keys, "gateway", wall), Verifier(keys, "quality", wall)
    wall.now_s += RENEWED_AFTER_S - 1
    assert not ensure_key(keys, "gateway", wall.now_s, RENEWED_AFTER_S)
    old = token_of(signer, "quality")
    assert verifier.claims(old)
    wall.now_s += 1
    assert ensure_key(keys, "gateway", wall.now_s, RENEWED_AFTER_S)
    assert verifier.claims(old)
    assert Verifier(keys, "quality", wall).claims(old)
    wall.now_s += USED_FOR_S
    new = token_of(signer, "quality")
    names = [json.loads(urlsafe_b64decode(one.split(".")[0] + "=="))["kid"] for one in (old, new)]
    assert [key.key_id for key in public_keys(keys, "gateway")] == names
    assert next(key.until_s for key in public_keys(keys, "gateway")) == (
        BEGIN_S + RENEWED_AFTER_S + STILL_COUNTS_S
    )
    wall.now_s = BEGIN_S + 2 * RENEWED_AFTER_S
    assert ensure_key(keys, "gateway", wall.now_s, RENEWED_AFTER_S)
    assert names[0] not in [key.key_id for key in public_keys(keys, "gateway")]


def test_a_clock_that_was_far_ahead_when_a_key_was_made_does_not_keep_it(keys: Path) -> None:
    assert ensure_key(keys, "gateway", BEGIN_S - 86_400, RENEWED_AFTER_S)


def test_private_keys_are_files_of_their_owner_alone(keys: Path) -> None:
    modes = [stat.S_IMODE((keys / "gateway" / name).stat().st_mode) for name in ("", "key.json")]
    assert [oct(mode) for mode in modes] == ["0o700", "0o600"]
    shown = (keys / "gateway/public.json").read_text()
    assert '"d"' in (keys / "gateway/key.json").read_text()
    assert '"d"' not in shown


def test_a_damaged_key_is_told_with_its_file_and_a_missing_one_gives_no_token(
    keys: Path, tmp_path: Path
) -> None:
    (keys / "gateway/key.json").write_text("{")
    with pytest.raises(PersonNeededError, match=r"gateway/key\.json is damaged"):
        Signer(keys, "gateway").token("quality")
    assert Signer(tmp_path / "nowhere", "gateway").token("quality") is None


def sent_with(auth: Introduced, url: str) -> str | None:
    return next(auth.auth_flow(httpx.Request("GET", url))).headers.get("authorization")


def test_tokens_are_shown_to_the_services_of_the_plant_and_to_nobody_else(keys: Path) -> None:
    urls = {"quality": "http://127.0.0.1:8086", "trace": "http://127.0.0.1:80"}
    auth = Introduced(Signer(keys, "formation"), urls)
    assert sent_with(auth, "http://127.0.0.1:8086/events?after=1") is not None
    others = ["http://127.0.0.1:80861/", "http://erp.example/", "http://127.0.0.1:8087/"]
    assert [sent_with(auth, url) for url in others] == [None] * 3


def test_two_that_make_a_key_at_once_make_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(max_workers=4) as pool:
        made = pool.map(lambda _: ensure_key(tmp_path, "trace", BEGIN_S, RENEWED_AFTER_S), range(4))
        assert sorted(made) == [False, False, False, True]
