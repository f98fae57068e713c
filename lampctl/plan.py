"""Desired minus actual: the ordered changes of one host, and the steps that make them.

The plan that is shown is the object that is applied. Pure: an observation and a desired state in, data out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from lampctl.layers import Desired
from lampctl.layers.base import Problem, Validator
from lampctl.observation import Observation, of
from lampctl.resources import (
    Action,
    Change,
    Conflict,
    Database,
    DatabaseUser,
    Directory,
    File,
    Package,
    PathResource,
    Secret,
    Service,
    Step,
    Symlink,
    database,
    file,
    package,
    secret,
    service,
)


@dataclass(frozen=True)
class Generation:
    """The paths that are handed over together."""

    resources: tuple[PathResource, ...]
    archive: bytes
    validators: tuple[Validator, ...]
    templates: Mapping[str, str]  # path → template, to name it when a server refuses the file


@dataclass(frozen=True)
class Plan:
    """`changes` in the order in which they are made; `problems` are why they would not be."""

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    before: tuple[Step, ...]  # packages and secrets
    generation: Generation | None
    services: tuple[tuple[Service, Change], ...]
    after: tuple[Step, ...]  # databases
    owned: tuple[str, ...]  # keys that become lampctl's
    adopted: tuple[str, ...]  # keys that are lampctl's by what is there, and were lost from its list
    seen: str  # the host's generation that this plan was made for

    def __bool__(self) -> bool:
        return bool(self.changes)


def make(desired: Desired, seen: Observation, contents: Mapping[str, str], wait: int) -> Plan:
    """The plan. `contents`: rendered text of each File by key; `wait`: seconds to wait for apt's lock."""
    resources = desired.resources
    packages = [(p, package.compare(p, seen.states.get(p.key))) for p in of(resources, Package)]
    secrets = [(s, secret.compare(s, seen.states.get(s.key))) for s in of(resources, Secret)]
    paths = [
        (r, file.compare(r, contents.get(r.key, ""), seen.entries, seen.owned))
        for r in of(resources, Directory, File, Symlink)
    ]
    written = [r.path for r, change in paths if isinstance(change, Change)]
    written += [s.path for s, change in secrets if change]
    services = [(s, service.compare(s, seen.states.get(s.key), written)) for s in of(resources, Service)]
    items = of(resources, Database, DatabaseUser)
    known = database.recognized(items, seen.states)
    databases = [(d, database.compare(d, seen.states.get(d.key), seen.owned, known)) for d in items]
    every = [*packages, *secrets, *paths, *services, *databases]
    changes = tuple(change for _, change in every if isinstance(change, Change))
    conflicts = [change for _, change in every if isinstance(change, Conflict)]
    to_write = [r for r, change in paths if isinstance(change, Change)]
    return Plan(
        changes=changes,
        problems=_problems(desired, seen, changes, conflicts),
        before=(
            *package.steps([p for p, change in packages if change], wait),
            *secret.steps([s for s, change in secrets if change]),
        ),
        generation=_generation(desired, to_write, contents),
        services=tuple((s, change) for s, change in services if isinstance(change, Change)),
        after=tuple(database.steps([d for d, change in databases if isinstance(change, Change)])),
        owned=tuple(
            c.resource for c in changes if c.resource not in seen.owned and not c.resource.startswith("secret:")
        ),
        adopted=tuple(sorted((known | _marked(paths)) - seen.owned)),
        seen=seen.generation,
    )


def _marked(paths: list[tuple[PathResource, Change | Conflict | None]]) -> frozenset[str]:
    """Files that are there, with lampctl's header; others would be conflicts."""
    there = [r for r, c in paths if c is None or (isinstance(c, Change) and c.action is Action.UPDATE)]
    return frozenset(r.key for r in there if isinstance(r, File) and not r.seed)


def _problems(
    desired: Desired, seen: Observation, changes: tuple[Change, ...], conflicts: list[Conflict]
) -> tuple[Problem, ...]:
    changing = frozenset(change.resource for change in changes)
    found = [
        problem
        for preflight in desired.preflights
        for problem in preflight.judge(seen.answers.get(preflight.id, ""), seen.facts, changing)
    ]
    return (*found, *(Problem("conflict", conflict.message, conflict.hint) for conflict in conflicts))


def _generation(desired: Desired, resources: list[PathResource], contents: Mapping[str, str]) -> Generation | None:
    if not resources:
        return None
    files = [r for r in resources if isinstance(r, File)]
    return Generation(
        tuple(resources),
        file.archive(resources, contents),
        tuple(v for v in desired.validators if any(r.path.startswith(v.watch + "/") for r in resources)),
        {f.path: f.template for f in files},
    )


def contents_of(desired: Desired) -> list[File]:
    """The files that have to be rendered."""
    return cast("list[File]", of(desired.resources, File))
