"""HTTP face of formation's test files; no rules here."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from services.formation import filestore
from services.formation.cycles import Direction
from services.formation.evidence import UNREAD, TestFiles
from services.formation.readers import check_ending
from shared.answers import answers
from shared.app import Service
from shared.commands import Command, command_of
from shared.errors import InvalidInputError
from shared.transaction import Transaction

BYTES = "application/octet-stream"


def add_file_routes(service: Service, files: TestFiles) -> None:
    """Add the routes of test files."""
    app, database = service.app, service.database
    given = Annotated[Command, Depends(command_of(database))]

    @app.post("/test-files", status_code=201)
    async def post_test_file(
        request: Request,
        command: given,
        name: Annotated[str, Query(min_length=1, max_length=200)],
        lot_id: str | None = None,
    ) -> dict[str, Any]:
        """Keep a tester's file raw by its hash and answer what was read.

        A file that cannot be read is kept as evidence all the same, and refused with 422.
        """
        check_ending(name)
        content = await request.body()
        file, why = await files.tried(name, content)
        told = await command.once(lambda tx: files.keep(tx, name, lot_id, content, file, why))
        if told["parser"] == UNREAD:
            raise InvalidInputError(
                f"{told['warnings'][0]}; it is kept as {told['sha256']} and gates nothing"
            )
        return told

    @app.post("/test-files/{sha256}/readings", status_code=201)
    async def post_reading(sha256: str, command: given) -> dict[str, Any]:
        """Read a kept file again with today's parser; earlier readings stay."""

        async def read(tx: Transaction) -> dict[str, Any]:
            return await files.read_again(tx, await filestore.raw_file(tx, sha256))

        return await command.once(read)

    @app.get("/test-files")
    async def get_test_files(lot_id: str) -> dict[str, Any]:
        """The files of a lot, newest first, with the newest reading of each."""
        async with database.quiet() as tx:
            return {"items": await filestore.files_of(tx, lot_id)}

    @app.get("/test-files/{sha256}/readings")
    async def get_readings(sha256: str) -> dict[str, Any]:
        """Every reading of a file, oldest first."""
        async with database.quiet() as tx:
            await filestore.raw_file(tx, sha256)
            return {"items": await filestore.readings(tx, sha256)}

    @app.get("/test-files/{sha256}", response_class=Response, responses=answers(BYTES))
    async def get_test_file(sha256: str) -> Response:
        """The bytes of a test file as they came."""
        async with database.quiet() as tx:
            raw = await filestore.raw_file(tx, sha256)
        return _download(raw.content, raw.name, BYTES)

    @app.get("/test-files/{sha256}/bdf", response_class=Response, responses=answers("text/csv"))
    async def get_bdf(sha256: str) -> Response:
        """The rows of a test file in the Battery Data Format."""
        async with database.quiet() as tx:
            raw = await filestore.raw_file(tx, sha256)
        return _download(await files.as_bdf(raw), f"{raw.name}.bdf.csv", "text/csv")

    @app.get("/test-files/{sha256}/derivatives")
    async def get_derivatives(
        sha256: str, cycle: Annotated[int, Query(ge=1)], direction: Direction = "charge"
    ) -> dict[str, Any]:
        """dQ/dV and dV/dQ of the longest step of a cycle, with their smoothing."""
        async with database.quiet() as tx:
            raw = await filestore.raw_file(tx, sha256)
        return await files.derivatives(raw, cycle, direction)

    @app.get("/joined-test-files")
    async def get_joined(sha256: Annotated[list[str], Query(min_length=1)]) -> dict[str, Any]:
        """Figures over linked files of one test, in the order given."""
        async with database.quiet() as tx:
            return await files.joined(tx, sha256)


def _download(content: bytes, name: str, media_type: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{_quoted(name)}"}
    return Response(content, media_type=media_type, headers=headers)


def _quoted(name: str) -> str:
    return "".join(
        char if (char.isascii() and char.isalnum()) or char in "._-" else "_" for char in name
    )
