"""What an answer tells of a failure: what was expected in words, of a bug nothing."""

import httpx
from fastapi import FastAPI

from shared.answers import answer_errors
from shared.errors import OutOfLimitsError


async def asked(path: str) -> httpx.Response:
    app = FastAPI()
    answer_errors(app)

    @app.get("/refused")
    def refused() -> None:
        raise OutOfLimitsError("lot L1: 82 µm, the limit is 80 µm")

    @app.get("/bug")
    def bug() -> None:
        raise KeyError("password of halite_trace")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return await client.get(path)


async def test_a_failure_that_was_expected_is_told_with_its_code_value_and_limit() -> None:
    answer = await asked("/refused")

    assert answer.json() == {
        "code": "OutOfLimitsError",
        "detail": "lot L1: 82 µm, the limit is 80 µm",
    }


async def test_of_a_bug_the_answer_tells_neither_words_nor_place() -> None:
    answer = await asked("/bug")

    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
