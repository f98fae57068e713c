"""A supplied password alone in a file, for a program that runs as a site's user and reads it there.

Its value comes with the batch, as that of a secret does (see secret.py), and no plan, diff or event has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement
from lampctl.resources.shell import script, words


@dataclass(frozen=True)
class PasswordFile:
    """A file that root writes and one group reads.

    Attributes:
        name: Of the value in the batch.
        origin: Where the value comes from, in words.
    """

    path: str
    layer: str
    group: str
    name: str
    origin: str

    @property
    def key(self) -> str:
        return f"password-file:{self.path}"

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments of the functions that write and compare it; none is a secret."""
        return (self.path, self.group, f"./given/{self.name}")


_RIGHT = "right"


def probe(files: Sequence[PasswordFile]) -> str:
    """Shell that prints what each existing file lacks, or that it is right; never its content."""
    calls = sorted({("look_at_password", *file.words) for file in files})
    return script("secret/file") + "\n".join([*map(words, calls), ":"])


def parse(raw: str) -> dict[str, str]:
    return {f"password-file:{path}": state for path, state in rows(raw, 2)}


def compare(file: PasswordFile, state: str | None, view: HostView) -> Change | None:  # noqa: ARG001
    if state == _RIGHT:
        return None
    text = f"the value from {file.origin}, which only root and {file.group} can read\n"
    return Change(file.key, file.layer, Action.UPDATE if state else Action.CREATE, f"{state or ''}\n{text}".lstrip())


def steps(changed: Sequence[Changed[PasswordFile]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [
        Step(
            f"password {file.path}",
            file.layer,
            f"{script('secret/file')}{words(['write_password', *file.words, file.origin])}\n",
            owns=(file.key,),
        )
        for file, _ in changed
    ]


def retire(keys: Sequence[str], wanted: Sequence[PasswordFile], view: HostView) -> Retirement:  # noqa: ARG001
    """With the files that name it: if those are restored, so is this."""
    return Retirement(deleted=tuple(keys))


PASSWORDS = Kind(
    "passwords",
    ("password-file",),
    (PasswordFile,),
    Phase.PREPARE,
    probe,
    parse,
    compare,
    steps,
    retire=retire,
)
