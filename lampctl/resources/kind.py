"""Kinds of resources: how each is observed, compared, changed and retired.

A kind is one module. It ends with its `Kind`, which is registered in `lampctl.resources.kinds.KINDS` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast

from lampctl.resources.base import Change, Conflict, Resource, Step, select

R = TypeVar("R", bound=Any)
S = TypeVar("S")


class Phase(StrEnum):
    """When the resources of a kind are applied, in this order."""

    PREPARE = "prepare"  # before the files are handed over: packages, users, secrets
    SWITCH = "switch"  # when the new files are known to be valid: releases, and what runs before they are served
    GENERATION = "generation"  # the files themselves, handed over and rolled back together
    SERVICES = "services"  # the programs that read the files
    AFTER = "after"  # resources that need running services: databases, commands
    PROVED = "proved"  # what runs when all of that is proved, in a stage of its own


@dataclass(frozen=True)
class States:
    """The observed states of each kind; a resource without a state does not exist on the host."""

    by_kind: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def of_kind(self, kind: Kind[R, S]) -> Mapping[str, S]:
        """The states of one kind, by what its `locate` returns."""
        return cast("Mapping[str, S]", self.by_kind.get(kind.name, {}))

    def get(self, kind: Kind[R, S], key: str) -> S | None:
        return cast("S | None", self.by_kind.get(kind.name, {}).get(key))

    def updated(self, kind: Kind[R, S], states: Mapping[str, S]) -> States:
        """A copy with changed or additional states of one kind."""
        previous: Mapping[str, S] = self.of_kind(kind)
        return States({**self.by_kind, kind.name: {**previous, **states}})


@dataclass(frozen=True)
class HostView:
    """The host and the playbook as a kind sees them when it compares a resource or makes steps.

    Attributes:
        states: The observed states of all kinds.
        wanted: All resources of the playbook.
        clock: The host's time, in seconds since the epoch.
        owned: Keys of all that lampctl made.
        theirs: Key -> another playbook that made it; only keys that this playbook has not made.
        contents: Key -> rendered text, of each file.
        recognized: Keys that the host's state shows to be lampctl's, even if they are missing from its record.
        changing: Paths that change in this stage, as far as they are known yet.
        apt_wait: Seconds to wait for apt's lock.
    """

    states: States = field(default_factory=States)
    wanted: tuple[Resource, ...] = ()
    clock: float = 0.0
    owned: frozenset[str] = frozenset()
    theirs: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)
    recognized: frozenset[str] = frozenset()
    changing: tuple[str, ...] = ()
    apt_wait: int = 0

    def changed(self, paths: Sequence[str]) -> HostView:
        """A copy with more paths that change."""
        return replace(self, changing=(*self.changing, *paths))


@dataclass(frozen=True)
class Retirement:
    """How resources that a playbook no longer wants are removed.

    Attributes:
        changes: As the plan shows them.
        steps: They remove the resources, before files are deleted.
        deleted: Keys of the files that the generation deletes.
    """

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    deleted: tuple[str, ...] = ()


Changed = tuple[R, Change]


def _key(resource: Resource) -> str:
    return resource.key


def _keep_order(resources: Sequence[R], view: HostView) -> Sequence[R]:  # noqa: ARG001
    return resources


def _recognize_none(resources: Sequence[Any], view: HostView) -> frozenset[str]:  # noqa: ARG001
    return frozenset()


def _write_nothing(resource: Any) -> Sequence[str]:  # noqa: ARG001
    return ()


def _retire_nothing(keys: Sequence[str], wanted: Sequence[Any], view: HostView) -> Retirement:  # noqa: ARG001
    return Retirement()


@dataclass(frozen=True, eq=False)
class Kind(Generic[R, S]):
    """One kind of resource.

    Attributes:
        name: The name of its section of an observation.
        nouns: The prefixes of its keys, without the colon.
        resources: The classes of its resources.
        phase: When its resources are applied.
        probe: Resources -> shell that prints what `parse` reads. It runs as root, and changes nothing.
        parse: The probe's output -> location -> state. The output comes from the host and is untrusted.
        compare: (resource, its state or None, view) -> the necessary change, a conflict, or None.
        steps: (resources with their changes, view) -> the steps that make these changes.
        locate: Resource -> the location of its state in the result of `parse`; by default, its key.
        arrange: (resources, view) -> the resources in the order of comparison, adapted to the host's state.
        recognize: (resources, view) -> keys that the host's state shows to be lampctl's.
        writes: Resource -> the paths that its change writes, which services might have to read again.
        claimed: Classes of resources that belong to this playbook once it is applied, whoever made them.
        varies: The probe of one resource can differ by platform; then all variants are probed.
        retire: (keys that no playbook wants any more, the wanted resources of this kind, view) -> their removal. By
            default they stay: data is never removed.
    """

    name: str
    nouns: tuple[str, ...]
    resources: tuple[type[R], ...]
    phase: Phase
    probe: Callable[[Sequence[R]], str]
    parse: Callable[[str], Mapping[str, S]]
    compare: Callable[[R, S | None, HostView], Change | Conflict | None]
    steps: Callable[[Sequence[Changed[R]], HostView], Sequence[Step]]
    locate: Callable[[R], str] = _key
    arrange: Callable[[Sequence[R], HostView], Sequence[R]] = _keep_order
    recognize: Callable[[Sequence[R], HostView], frozenset[str]] = _recognize_none
    writes: Callable[[R], Sequence[str]] = _write_nothing
    claimed: tuple[type[R], ...] = ()
    varies: bool = False
    retire: Callable[[Sequence[str], Sequence[R], HostView], Retirement] = _retire_nothing

    def select(self, resources: Iterable[Resource]) -> list[R]:
        """The resources of this kind, one for each key."""
        return select(resources, *self.resources)

    def question(self, candidates: Iterable[Resource]) -> str:
        """The probe of all resources that a playbook might want, on any platform."""
        found = [r for r in candidates if isinstance(r, self.resources)]
        return self.probe(found if self.varies else self.select(found))

    def state(self, resource: R, states: States) -> S | None:
        return states.get(self, self.locate(resource))
