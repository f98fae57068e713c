"""Desired minus actual: the ordered changes of one host, and the steps that make them.

The plan that is shown is the object that is applied. Pure: an observation and a desired state in, data out.

A plan has up to two stages. The first brings what is wanted; the second takes away what this playbook once made and
no longer wants, and is applied only when the first is proved: nothing is retired before its successor works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from lampctl.layers import Desired
from lampctl.layers.base import Problem
from lampctl.observation import Observation, of
from lampctl.planning import bring, others, retire
from lampctl.planning.stages import Generation, Stage
from lampctl.resources import Change, Database, DatabaseUser, File, Repository, Service, Symlink, database

__all__ = ["Generation", "Plan", "Stage", "contents_of", "make"]


@dataclass(frozen=True)
class Plan:
    """`stages` in the order in which they are applied; `problems` are why they would not be."""

    playbook: str
    stages: tuple[Stage, ...]
    problems: tuple[Problem, ...]
    seen: str  # the host's generation that this plan was made for
    adopted: tuple[str, ...]  # keys that are lampctl's by what is there, and were lost from its list
    claims: tuple[str, ...]  # keys that are this playbook's once it is applied, whoever made them

    def __bool__(self) -> bool:
        return bool(self.stages)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for stage in self.stages for change in stage.changes)


def make(playbook: str, desired: Desired, seen: Observation, contents: Mapping[str, str], wait: int) -> Plan:
    """The plan. `contents`: rendered text of each File by key; `wait`: seconds to wait for apt's lock."""
    known = database.recognized(of(desired.resources, Database, DatabaseUser), seen.states)
    theirs = others.made_by(playbook, seen)
    first, conflicts = bring.stage(desired, seen, known, theirs, contents, wait)
    stages = tuple(stage for stage in (first, retire.stage(playbook, desired, seen)) if stage.changes)
    changing = frozenset(change.resource for stage in stages for change in stage.changes)
    found = [
        problem
        for preflight in desired.preflights
        for problem in preflight.judge(seen.answers.get(preflight.id, ""), seen.facts, changing)
    ]
    found += [Problem("conflict", conflict.message, conflict.hint) for conflict in conflicts]
    claims = tuple(
        r.key for r in of(desired.resources, Repository, File, Symlink, Service) if getattr(r, "running", True)
    )
    adopted, claims = tuple(sorted(known - seen.owned)), (*claims, *sorted(known & theirs.keys()))
    return Plan(playbook, stages, tuple(found), seen.generation, adopted, claims)


def contents_of(desired: Desired) -> list[File]:
    """The files that have to be rendered."""
    return cast("list[File]", of(desired.resources, File))
