"""A command, for what no other kind of resource can express."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.shell import quote


@dataclass(frozen=True)
class Command:
    """`script` (sh -eu) runs if `unless`, a quick test that changes nothing, fails; after the databases exist.

    `unless` must test the effect of `script`, so that it succeeds in the next run. `undo` reverses it, or does nothing
    if it did not run. `early`: it runs before the new files are handed over.
    """

    name: str
    layer: str
    script: str
    unless: str
    why: str  # its effect, as the plan shows it
    undo: str = ""
    early: bool = False

    @property
    def key(self) -> str:
        return f"command:{self.name}"


@dataclass(frozen=True)
class CommandState:
    """A command that need not run: its `unless` has succeeded."""


def probe(commands: Sequence[Command]) -> str:
    """Shell that prints the name of each command that need not run."""
    tests = dict.fromkeys(f"( {c.unless} ) >/dev/null 2>&1 && echo {quote(c.name)} &" for c in commands)
    return "\n".join([*tests, "wait"]) if commands else ":"


def parse(raw: str) -> dict[str, CommandState]:
    return {f"command:{name}": CommandState() for name in raw.splitlines() if name}


def compare(command: Command, state: CommandState | None, view: HostView) -> Change | None:  # noqa: ARG001
    return None if state else Change(command.key, command.layer, Action.RUN, command.why + "\n")


def steps(changed: Sequence[Changed[Command]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [Step(command.name, command.layer, command.script, undo=command.undo) for command, _ in changed]


# The test whether a command need not run can differ by platform.
COMMANDS = Kind("commands", ("command",), (Command,), Phase.AFTER, probe, parse, compare, steps, varies=True)
