"""What the command line makes of a gateway's answers: exit codes, JSON, and what it asks for."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from deploy.authority import Authority, Part
from deploy.cli import halite

HERE = Part(name="gateway", hosts=("127.0.0.1",))
REFUSED = json.dumps({"code": "X", "detail": "a reason"}).encode()


class Gateway(NamedTuple):
    """A gateway that answers everything alike. asked: the paths; run: the command line at it."""

    asked: list[str]
    run: Callable[..., Result]


class Answer(NamedTuple):
    """What it answers."""

    status: int
    body: bytes


@pytest.fixture
def answer() -> Answer:
    return Answer(200, b"{}")


@pytest.fixture
def authority() -> str | None:
    """The folder of the authority that the gateway's certificate is of; None: plain HTTP."""
    return None


@pytest.fixture
def gateway(tmp_path: Path, answer: Answer, authority: str | None) -> Iterator[Gateway]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(answer.status)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    key = tmp_path / "secrets/gateway/setup-key"
    key.parent.mkdir(parents=True)
    key.write_text("a key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if authority is not None:
            Authority(tmp_path / authority).ensure([HERE])
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            shown = tmp_path / authority / "gateway"
            context.load_cert_chain(shown / "cert.pem", shown / "key.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        url = f"{'http' if authority is None else 'https'}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        where = ["--url", url, "--data-dir", str(tmp_path)]
        yield Gateway(asked, lambda *words: CliRunner().invoke(halite, [*words, *where]))
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("answer", "exit_code", "code"),
    [
        (Answer(503, REFUSED), 3, "ServiceUnreachableError"),
        (Answer(429, REFUSED), 3, "ServiceUnreachableError"),
        (Answer(403, REFUSED), 1, "InvalidInputError"),
        (Answer(409, REFUSED), 1, "InvalidInputError"),
    ],
)
@pytest.mark.parametrize("words", [("users", "list", "--json"), ("export", "CELL-1", "--json")])
def test_what_may_be_tried_again_is_told_from_what_a_person_must_see_to(
    gateway: Gateway,
    answer: Answer,
    exit_code: int,
    code: str,
    words: tuple[str, ...],
) -> None:
    shown = gateway.run(*words)
    assert shown.exit_code == exit_code
    assert json.loads(shown.stdout) == {"code": code, "detail": f"{answer.status}: a reason"}
    assert shown.stderr.endswith(f"Error: {answer.status}: a reason\n")


@pytest.mark.parametrize("answer", [Answer(200, b"<html>"), Answer(200, b"[]")])
def test_what_is_no_gateway_is_not_taken_for_one(gateway: Gateway) -> None:
    shown = gateway.run("users", "list")
    assert shown.exit_code == 3
    assert "no JSON object; is it the plant?" in shown.stderr


def test_a_login_names_a_person_and_no_other_path(gateway: Gateway) -> None:
    assert gateway.run("users", "disable", "ada/badge/end").exit_code == 0
    assert gateway.run("users", "reset", "a?b", "--password", "x").exit_code == 0
    assert gateway.asked == [
        "/api/persons/ada%2Fbadge%2Fend",
        "/api/persons/a%3Fb/password",
    ]


@pytest.mark.parametrize("answer", [Answer(200, b"%PDF")])
def test_a_document_is_kept_as_it_came(gateway: Gateway, tmp_path: Path) -> None:
    to = tmp_path / "documents"
    shown = gateway.run("export", "A/1", "--only", "history.pdf", "--to", str(to), "--json")
    assert json.loads(shown.stdout)["files"] == [str(to / "A_1.history.pdf")]
    assert (to / "A_1.history.pdf").read_bytes() == b"%PDF"
    assert gateway.asked == ["/api/trace/lots/A%2F1/device-history.pdf"]


@pytest.mark.parametrize(
    ("authority", "exit_code", "said"), [("tls", 0, ""), ("other", 3, "certificate verify failed")]
)
def test_a_gateway_over_tls_is_believed_when_its_certificate_is_of_the_plant(
    gateway: Gateway, tmp_path: Path, exit_code: int, said: str
) -> None:
    Authority(tmp_path / "tls").ensure([HERE])
    shown = gateway.run("users", "disable", "ada")
    assert shown.exit_code == exit_code
    assert said in shown.stderr
