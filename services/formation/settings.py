"""Settings of formation."""

from pathlib import Path

from shared.settings import ServiceSettings


class FormationSettings(ServiceSettings):
    """`share_dir` is the folder that this service and the testers see alike."""

    share_dir: Path = Path(".halite/share")
