"""A plant whose processes get further environment variables: another clock, links over proxies.

`python -m tests.fault.altered additions.json OPTIONS`: the options are those of deploy.local, the
file holds the variables by the name of the process, or under EVERY for all.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from deploy import local
from deploy.processes import ChildSpec

EVERY = "*"
Additions = Mapping[str, Mapping[str, str]]


def command(folder: Path, additions: Additions) -> tuple[str, ...]:
    """Return the module and first option with which a plant starts that has these additions."""
    path = folder / "additions.json"
    path.write_text(json.dumps(additions))
    return "tests.fault.altered", str(path)


def main(words: Sequence[str]) -> int:
    """Run the plant like deploy.local."""
    path, *options = words
    additions: Additions = json.loads(Path(path).read_text())

    def altered(spec: ChildSpec) -> ChildSpec:
        added = {**additions.get(EVERY, {}), **additions.get(spec.name, {})}
        return replace(spec, environment={**spec.environment, **added})

    return local.main(options, altered)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
