"""Lets Atheris search one parser by coverage: `python -m tests.fuzz.search NAME SECONDS`.

The modules are instrumented while they are imported, so nothing of ours is imported before.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

RSS_LIMIT_MB, EACH_WITHIN_S = 4000, 20


def main(name: str, seconds: str) -> None:
    """Search, and end this process: with 0 when only documented errors were seen."""
    with atheris.instrument_imports(include=["services", "shared"]):
        from tests.fuzz.parsers import LONGEST, PARSERS

    parser = PARSERS[name]

    def one(content: bytes) -> None:
        with contextlib.suppress(*parser.errors):
            parser.read(content)

    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(parser.good()):
            (Path(folder) / str(number)).write_bytes(content[:LONGEST])
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-print_final_stats=1"]
        options += [f"-rss_limit_mb={RSS_LIMIT_MB}", f"-timeout={EACH_WITHIN_S}"]
        options.append(f"-artifact_prefix={tempfile.gettempdir()}/halite-fuzz-")
        atheris.Setup([sys.argv[0], folder, *options], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
