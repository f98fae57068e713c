"""Kinds of resources: how each is observed, compared, brought to its desired state and retired.

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
    """When the resources of a kind are brought, in this order."""

    PREPARE = "prepare"  # before the files are handed over: packages, users, secrets
    GENERATION = "generation"  # the files themselves, handed over and rolled back together
    SERVICES = "services"  # what reads the files
    AFTER = "after"  # what needs running services: databases, commands


@dataclass(frozen=True)
class States:
    """What was observed of each kind; a key that is missing does not exist on the host."""

    by_kind: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def of(self, kind: Kind[R, S]) -> Mapping[str, S]:
        """The states of one kind, by what its `locate` returns."""
        return cast("Mapping[str, S]", self.by_kind.get(kind.name, {}))

    def get(self, kind: Kind[R, S], key: str) -> S | None:
        return cast("S | None", self.by_kind.get(kind.name, {}).get(key))

    def updated(self, kind: Kind[R, S], states: Mapping[str, S]) -> States:
        """These states, with those of one kind changed or added."""
        former: Mapping[str, S] = self.of(kind)
        return States({**self.by_kind, kind.name: {**former, **states}})


@dataclass(frozen=True)
class HostView:
    """What a kind may look at beside the resource that it compares, and the state of that resource.

    Attributes:
        states: What was observed, of all kinds.
        wanted: All resources of the playbook.
        clock: The host's time, in seconds since the epoch.
        owned: Keys of what lampctl made.
        theirs: Key -> the other playbook that made it, of what this playbook has not made.
        contents: Key -> rendered text, of each file.
        recognized: Keys that are lampctl's by what is on the host, should they be missing from its record.
        changing: Paths that change in this stage, as far as they are known.
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
        """This view, with more paths that change."""
        return replace(self, changing=(*self.changing, *paths))


@dataclass(frozen=True)
class Retirement:
    """What takes away resources that a playbook no longer wants.

    Attributes:
        changes: As the plan shows them.
        steps: What removes them, before the files that are deleted go.
        deleted: Keys of files that go with the generation.
    """

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    deleted: tuple[str, ...] = ()


Changed = tuple[R, Change]


def _key(resource: Resource) -> str:
    return resource.key


def _as_they_are(resources: Sequence[R], view: HostView) -> Sequence[R]:  # noqa: ARG001
    return resources


def _none_recognized(resources: Sequence[Any], view: HostView) -> frozenset[str]:  # noqa: ARG001
    return frozenset()


def _writes_nothing(resource: Any) -> Sequence[str]:  # noqa: ARG001
    return ()


def _stay(keys: Sequence[str], wanted: Sequence[Any], view: HostView) -> Retirement:  # noqa: ARG001
    return Retirement()


@dataclass(frozen=True, eq=False)
class Kind(Generic[R, S]):
    """One kind of resource.

    Attributes:
        name: Names its section of an observation.
        nouns: What its keys begin with, before the colon.
        resources: The classes of its resources.
        phase: When its resources are brought.
        probe: Resources -> shell that prints what `parse` reads. It runs as root, and changes nothing.
        parse: The probe's output -> state by location. The output is data of the host: it may hold anything.
        compare: (resource, its state or None, view) -> the change that it needs, a conflict, or None.
        steps: (resources with their changes, view) -> what makes these changes.
        locate: Where a resource's state is in what `parse` returns; its key, unless said otherwise.
        arrange: The resources as they are to be compared: in order, and adapted to what is on the host.
        recognize: Keys that are lampctl's by what is on the host.
        writes: The paths that a change of a resource writes, which services may have to read again.
        claimed: Classes of resources that are this playbook's once it is applied, whoever made them.
        varies: One resource may be probed differently on each platform; all its variants are.
        retire: (keys that nobody wants any more, the wanted resources of this kind, view) -> what takes them away.
            Without it they stay: data is never removed.
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
    arrange: Callable[[Sequence[R], HostView], Sequence[R]] = _as_they_are
    recognize: Callable[[Sequence[R], HostView], frozenset[str]] = _none_recognized
    writes: Callable[[R], Sequence[str]] = _writes_nothing
    claimed: tuple[type[R], ...] = ()
    varies: bool = False
    retire: Callable[[Sequence[str], Sequence[R], HostView], Retirement] = _stay

    def select(self, resources: Iterable[Resource]) -> list[R]:
        """The resources of this kind, one for each key."""
        return select(resources, *self.resources)

    def question(self, candidates: Iterable[Resource]) -> str:
        """The probe of all resources that a playbook may want, on whichever platform."""
        found = [r for r in candidates if isinstance(r, self.resources)]
        return self.probe(found if self.varies else self.select(found))

    def state(self, resource: R, states: States) -> S | None:
        return states.get(self, self.locate(resource))
