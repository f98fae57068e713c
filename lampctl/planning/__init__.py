"""Desired minus actual: the ordered changes of one host, and the steps that make them.

The plan that is shown is the object that is applied. Pure: an observation and a desired state in, data out.

A plan has up to two stages. The first brings what the playbook wants; the second takes away what this playbook once
made and no longer wants, and is applied only when the first is proved: nothing is retired before its successor works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lampctl.layers import Desired
from lampctl.layers.base import Problem
from lampctl.observation import Observation
from lampctl.planning import bring, retire
from lampctl.planning.stages import Generation, Stage
from lampctl.resources import Change
from lampctl.resources.kind import HostView
from lampctl.resources.kinds import kinds

__all__ = ["Generation", "Plan", "Stage", "make"]


@dataclass(frozen=True)
class Plan:
    """What is done on one host.

    Attributes:
        playbook: Its name.
        stages: In the order in which they are applied.
        problems: Why they would not be.
        seen: The host's generation that this plan was made for.
        adopted: Keys that are lampctl's by what is on the host, and are missing from its record.
        claims: Keys that are this playbook's once it is applied, whoever made them.
    """

    playbook: str
    stages: tuple[Stage, ...]
    problems: tuple[Problem, ...]
    seen: str
    adopted: tuple[str, ...]
    claims: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.stages)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for stage in self.stages for change in stage.changes)


def make(playbook: str, desired: Desired, seen: Observation, contents: Mapping[str, str], wait: int) -> Plan:
    """The plan of one host.

    Args:
        playbook: Its name.
        desired: What the playbook wants of this host.
        seen: What was observed.
        contents: Rendered text of each File, by key.
        wait: Seconds to wait for apt's lock.
    """
    theirs = seen.made_by_others(playbook)
    view = HostView(seen.states, desired.resources, seen.facts.clock, seen.owned, theirs, contents, apt_wait=wait)
    known = frozenset().union(*(kind.recognize(kind.select(desired.resources), view) for kind in kinds()))
    first, conflicts = bring.stage(desired, replace(view, recognized=known))
    orphans = seen.orphans(playbook).difference(resource.key for resource in desired.resources)
    stages = tuple(stage for stage in (first, retire.stage(desired, orphans, view)) if stage.changes)
    claimed = (r.key for kind in kinds() for r in kind.select(desired.resources) if isinstance(r, kind.claimed))
    return Plan(
        playbook,
        stages,
        (*_problems(desired, seen, stages), *(Problem("conflict", c.message, c.hint) for c in conflicts)),
        seen.generation,
        adopted=tuple(sorted(known - seen.owned)),
        claims=(*claimed, *sorted(known & theirs.keys())),
    )


def _problems(desired: Desired, seen: Observation, stages: tuple[Stage, ...]) -> list[Problem]:
    changing = frozenset(change.resource for stage in stages for change in stage.changes)
    return [
        problem
        for preflight in desired.preflights
        for problem in preflight.judge(seen.answers.get(preflight.id, ""), seen.facts, changing)
    ]
