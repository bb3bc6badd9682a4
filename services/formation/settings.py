"""Settings of formation."""

from pathlib import Path

from shared.settings import ServiceSettings


class FormationSettings(ServiceSettings):
    """`share_dir` is the folder that this service and the testers see alike.

    mpr_program: the words of a program that is given the path of a BioLogic .mpr file and writes
    BDF as CSV to its standard output; none: .mpr is refused.
    """

    share_dir: Path = Path(".halite/share")
    mpr_program: tuple[str, ...] = ()
