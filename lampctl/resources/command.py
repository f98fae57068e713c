"""The last resort: a command for what no other kind of resource can say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.shell import quote


@dataclass(frozen=True)
class Command:
    """`script` (sh -eu) runs where `unless`, a quick look that changes nothing, fails; after the databases are there.

    What `unless` looks for has to be what `script` brings about: a second run finds it.
    """

    name: str
    layer: str
    script: str
    unless: str
    why: str  # what it brings about, for the plan

    @property
    def key(self) -> str:
        return f"command:{self.name}"


def probe(commands: Sequence[Command]) -> str:
    """Shell that prints the name of each command that need not run; how that is seen may differ by platform."""
    looks = dict.fromkeys(f"( {c.unless} ) >/dev/null 2>&1 && echo {quote(c.name)} &" for c in commands)
    return "\n".join([*looks, "wait"]) if commands else ":"


def parse(raw: str) -> dict[str, bool]:
    """Command key → True."""
    return {f"command:{name}": True for name in raw.splitlines() if name}


def compare(command: Command, state: object) -> Change | None:
    return None if state else Change(command.key, command.layer, Action.RUN, command.why + "\n")


def steps(commands: Sequence[Command]) -> list[Step]:
    return [Step(command.name, command.layer, command.script) for command in commands]
