"""What a route takes in its query: a name that it does not know is refused, never ignored."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from shared.errors import InvalidInputError

SHOWN = 100  # characters of a name that the refusal repeats
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def any_query() -> None:
    """Let any query through; a dependency of a route whose query is for somebody else.

    That is a service behind the gateway, which refuses what it does not know, a page of the web
    app, or an OpenID provider, which adds to its answer what it likes.
    """


class QueryRoute(APIRoute):
    """A route that answers 422 to a query with a name that is none of its parameters.

    A misspelt filter would answer for everything, and look like an answer to the question.
    """

    def get_route_handler(self) -> Handler:
        """Return what answers a request.

        Raises:
            InvalidInputError: its query has an unknown name.
        """
        handle = super().get_route_handler()
        if _takes_any(self.dependant):
            return handle
        known = query_of(self.dependant)

        async def checked(request: Request) -> Response:
            if request.scope["query_string"]:
                _refuse_unknown(request, known)
            return await handle(request)

        return checked


def query_of(dependant: Dependant) -> frozenset[str]:
    """Return the names that a route takes in its query, those of its dependencies too."""
    asked = [field for part in _all_of(dependant) for field in part.query_params]
    return frozenset(field.alias for field in get_flat_params(Dependant(query_params=asked)))


def _takes_any(dependant: Dependant) -> bool:
    return any(part.call is any_query for part in _all_of(dependant))


def _all_of(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for part in dependant.dependencies:
        yield from _all_of(part)


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    for name in request.query_params:
        if name not in known:
            takes = ", ".join(sorted(known)) or "no parameters"
            raise InvalidInputError(
                f"query.{name[:SHOWN]}: {request.method} {request.url.path} takes no such "
                f"parameter; it takes {takes}"
            )
