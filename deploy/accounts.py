"""The unprivileged account of PostgreSQL and the broker in a plant that root starts."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shared.errors import PersonNeededError

NAME = "halite"


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account of this machine, by its numbers."""

    name: str
    uid: int
    gid: int


def account_for(folder: Path) -> Account | None:
    """Return the account that must own `folder`: None for a normal user, who owns everything.

    For root it is the present owner of the folder, or `halite`, which is made when missing.

    Raises:
        PersonNeededError: the account cannot be made.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and (uid := folder.stat().st_uid) != 0:
        try:
            return _account(pwd.getpwuid(uid))
        except KeyError:
            pass
    try:
        return _account(pwd.getpwnam(NAME))
    except KeyError:
        return _make_account()


def hand_over(folder: Path, account: Account | None) -> None:
    """Make the folder, give it with all it holds to the account, and let the account reach it.

    One that another user made for this one, as `setup` does on Kubernetes, keeps its mode.

    Raises:
        PersonNeededError: the folder or a parent of it cannot be changed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() in (0, folder.stat().st_uid):
            folder.chmod(0o700)
        if account is None:
            return
        if folder.stat().st_uid != account.uid:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, account.uid, account.gid, follow_symlinks=False)
        let_pass(folder)
    except OSError as error:
        raise PersonNeededError(
            f"The folder {folder} cannot be prepared: {error.strerror}."
        ) from error


def let_pass(folder: Path) -> None:
    """Let other accounts walk through the parents of a folder, without listing them."""
    for parent in folder.absolute().parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def _make_account() -> Account:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return _account(pwd.getpwnam(NAME))
    except (OSError, subprocess.SubprocessError, KeyError) as error:
        raise PersonNeededError(
            f"PostgreSQL refuses to run as root and the account {NAME!r} could not be made; "
            "start the plant as a normal user."
        ) from error


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
