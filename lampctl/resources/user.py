"""Unix users: one for each site, so that one site can't read another's files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.shell import quote, words


@dataclass(frozen=True)
class User:
    """A system user with a group of the same name, who can't log in."""

    name: str
    layer: str
    home: str

    @property
    def key(self) -> str:
        return f"user:{self.name}"


def probe(users: Sequence[User]) -> str:
    """Shell that prints the passwd line of each user that is there."""
    return f"getent passwd {words(sorted({user.name for user in users}))} || :" if users else ":"


def parse(raw: str) -> dict[str, str]:
    """User key → home directory."""
    rows = (line.split(":") for line in raw.splitlines() if line.count(":") == 6)
    return {f"user:{row[0]}": row[5] for row in rows}


def compare(user: User, state: object) -> Change | None:
    return None if state else Change(user.key, user.layer, Action.CREATE)


def steps(users: Sequence[User]) -> list[Step]:
    return [
        Step(
            f"user {user.name}",
            user.layer,
            "useradd --system --user-group --no-create-home --shell /usr/sbin/nologin"
            f" --home-dir {quote(user.home)} {quote(user.name)}",
        )
        for user in users
    ]
