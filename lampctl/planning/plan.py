"""The plan of one host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

from lampctl.layers.base import Problem
from lampctl.planning.stages import Stage, merged
from lampctl.resources import Change, Conflict


@dataclass(frozen=True)
class Plan:
    """The plan of one host.

    Attributes:
        playbook: Its record on the host.
        inherits: Records that become part of it.
        stages: In the order in which they are applied.
        problems: Why they would not be applied.
        seen: The host's generation when the plan was made.
        adopted: Keys that the host's state shows to be lampctl's, but are missing from its record.
        claims: Keys that belong to this playbook once it is applied, whoever made them.
        notes: What it says besides its changes.
        conflicts: What is in the way of a resource; each is a problem as well.
        decisive: Checks that have to pass afterwards, whether they passed before or not.
    """

    playbook: str
    stages: tuple[Stage, ...]
    problems: tuple[Problem, ...]
    seen: str
    adopted: tuple[str, ...]
    claims: tuple[str, ...]
    inherits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    decisive: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.stages)

    @property
    def together(self) -> Plan:
        """The plan with one stage: what goes may be in the way of what comes, such as by a port or a broken file."""
        return replace(self, stages=(reduce(merged, self.stages),)) if self.stages else self

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for stage in self.stages for change in stage.changes)
