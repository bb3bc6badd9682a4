"""Values in addresses that no caller means: each is answered, and with no failure."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.fuzz.apis import ALL, Asker, Found

ODD = (
    "-1",
    str(10**30),
    "NaN",
    "",
    "a\x00b",
    "-9223372036854775809",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "x" * 5000,
)
PLAIN = "1"


def odd_addresses(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the address of each reading route with one odd value in turn in each parameter."""
    for path, operations in schema["paths"].items():
        listed = operations.get("get", {}).get("parameters", [])
        places = [item for item in listed if item["in"] in ("path", "query")]
        for odd in places:
            for value in ODD:
                needed = [item for item in places if item is odd or item.get("required")]
                yield _address(
                    path,
                    {
                        (item["in"], item["name"]): value if item is odd else PLAIN
                        for item in needed
                    },
                )


def _address(path: str, values: dict[tuple[str, str], str]) -> str:
    query = []
    for (place, name), value in values.items():
        if place == "path":
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        else:
            query.append(f"{name}={quote(value, safe='')}")
    return f"{path}?{'&'.join(query)}" if query else path


def asked_oddly(asker: Asker) -> Found:
    """Ask a service for each odd address with all rights; note what failed."""
    found = Found()
    for address in odd_addresses(asker.service.app.openapi()):
        try:
            status = asker.get(address, ALL).status_code
        except Exception as error:  # whatever it is, it is a finding, and the search goes on
            found.wrong.append(f"{address[:300]}: {error!r}")
            continue
        found.asked[status] += 1
        if status == 500:
            found.wrong.append(f"{address[:300]}: 500")
    return found
