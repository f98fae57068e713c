"""Files of users and hashed passwords, from which a web server's basic authentication reads.

The hash is SHA-512 crypt, which Apache and NGINX both verify by the system's crypt(3), with its lowest number of
rounds: a random password of 32 characters needs no slow hash, and it is verified for each request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.secret import Secret
from lampctl.resources.shell import script, words


@dataclass(frozen=True)
class Logins:
    """`path`: a file that root writes and the group reads, with a line for each user and the secret's hash."""

    path: str
    layer: str
    group: str
    users: tuple[tuple[str, Secret], ...]

    @property
    def key(self) -> str:
        return f"logins:{self.path}"

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments of the program that writes and compares it; none is a secret."""
        return (self.path, self.group, *(word for user, secret in self.users for word in (user, secret.path)))


_RIGHT = "right"


def probe(files: Sequence[Logins]) -> str:
    """Shell that prints what each existing file lacks, or that it is right; never its content."""
    calls = sorted({("logins", "compare", *file.words) for file in files})
    return script("logins/file") + "\n".join([*map(words, calls), ":"])


def parse(raw: str) -> dict[str, str]:
    return {f"logins:{path}": state for path, state in rows(raw, 2)}


def compare(file: Logins, state: str | None, view: HostView) -> Change | None:  # noqa: ARG001
    if state == _RIGHT:
        return None
    text = "".join(f"{user}: the password in {secret.path}, which only root can read\n" for user, secret in file.users)
    return Change(file.key, file.layer, Action.UPDATE if state else Action.CREATE, f"{state or ''}\n{text}".lstrip())


def steps(changed: Sequence[Changed[Logins]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [
        Step(f"logins {file.path}", file.layer, f"{script('logins/file')}{words(['logins', 'write', *file.words])}\n")
        for file, _ in changed
    ]


LOGINS = Kind("logins", ("logins",), (Logins,), Phase.PREPARE, probe, parse, compare, steps)
