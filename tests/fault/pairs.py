"""A plant whose broker takes several processes of one service, as a site's does for replicas.

`python -m tests.fault.pairs OPTIONS`: the options are those of deploy.local. The plant's own broker
gives each certificate one session, so that nobody takes over that of another; a second process of a
service would end the session of the first.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deploy import local
from deploy.processes import ChildSpec

ONE_SESSION = "use_username_as_clientid true\n"


def told_apart(spec: ChildSpec) -> ChildSpec:
    """Return the broker's specification with client ids that count, and any other as it is."""
    if Path(spec.command[0]).name != "mosquitto":
        return spec
    [given] = [Path(word) for word in spec.command if word.endswith(".conf")]
    own = given.with_name("pairs.conf")
    own.write_text(given.read_text().replace(ONE_SESSION, ""))
    own.chmod(0o644)
    words = tuple(str(own) if word == str(given) else word for word in spec.command)
    return replace(spec, command=words)


def main(words: Sequence[str]) -> int:
    """Run the plant like deploy.local."""
    return local.main(words, told_apart)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
