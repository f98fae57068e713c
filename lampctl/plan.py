"""Desired minus actual: the ordered changes of one host, and the steps that make them.

The plan that is shown is the object that is applied. Pure: an observation and a desired state in, data out.

A plan has up to two stages. The first brings what is wanted; the second takes away what this playbook once made and
no longer wants, and is applied only when the first is proved: nothing is retired before its successor works.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from lampctl.layers import Desired
from lampctl.layers.base import Problem, Validator
from lampctl.observation import Observation, of
from lampctl.resources import (
    AcmeCertificate,
    Action,
    Certificate,
    Change,
    Command,
    Conflict,
    Database,
    DatabaseUser,
    Directory,
    File,
    Package,
    PathResource,
    Release,
    Repository,
    Secret,
    Service,
    Step,
    Symlink,
    User,
    acme,
    certificate,
    command,
    database,
    file,
    package,
    release,
    repository,
    secret,
    service,
    systemctl,
    user,
)
from lampctl.resources.shell import disown

_T = TypeVar("_T")

# What goes when a playbook no longer wants it. Databases, users and what lies below /var/www hold data: they stay.
_RETIRED = ("file:/etc/", "symlink:/etc/")


@dataclass(frozen=True)
class Generation:
    """The paths that are handed over, and those that are taken away, together."""

    resources: tuple[PathResource, ...]
    archive: bytes
    deleted: tuple[str, ...]  # keys
    validators: tuple[Validator, ...]
    templates: Mapping[str, str]  # path → template, to name it when a server refuses the file

    @property
    def paths(self) -> tuple[str, ...]:
        return (*(resource.path for resource in self.resources), *map(_path, self.deleted))


@dataclass(frozen=True)
class Stage:
    """Changes that are applied and proved together."""

    changes: tuple[Change, ...]
    before: tuple[Step, ...] = ()  # packages, users, secrets, certificates, releases
    generation: Generation | None = None
    services: tuple[tuple[Service, Change], ...] = ()
    after: tuple[Step, ...] = ()  # databases, commands; certificates that an ACME server gives
    stopped: tuple[str, ...] = ()  # units that `before` stops; an undo starts them again


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
    bring, conflicts = _bring(desired, seen, known, contents, wait)
    stages = tuple(stage for stage in (bring, _retire(playbook, desired, seen)) if stage.changes)
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
    return Plan(playbook, stages, tuple(found), seen.generation, tuple(sorted(known - seen.owned)), claims)


def _bring(
    desired: Desired, seen: Observation, known: frozenset[str], contents: Mapping[str, str], wait: int
) -> tuple[Stage, list[Conflict]]:
    """`known`: the databases and their users that are lampctl's by what is there."""
    resources, states, owned = desired.resources, seen.states, seen.owned
    packages = [(p, package.compare(p, states.get(p.key))) for p in of(resources, Package)]
    archives = [(r, repository.compare(r, states.get(r.key), owned)) for r in of(resources, Repository)]
    users = [(u, user.compare(u, states.get(u.key))) for u in of(resources, User)]
    secrets = [(s, secret.compare(s, states.get(s.key))) for s in of(resources, Secret)]
    certificates = [
        (c, certificate.compare(c, states.get(c.key), seen.facts.clock))
        for c in (certificate.widened(c, states.get(c.key)) for c in of(resources, Certificate))
    ]
    asked = [(a, acme.compare(a, states.get(a.key), seen.facts.clock)) for a in of(resources, AcmeCertificate)]
    releases = [(r, release.compare(r, states.get(r.key))) for r in of(resources, Release)]
    paths = [
        (r, file.compare(r, contents.get(r.key, ""), seen.entries, owned))
        for r in of(resources, Directory, File, Symlink)
    ]
    links = [link for link in desired.displaced if file.holds(link, seen.entries)]
    displaced = [(s, Change(s.key, s.layer, Action.DELETE, "another link takes its place\n")) for s in links]
    written = [*(r.path for r in (*_changed(paths), *links)), *(s.path for s in _changed(secrets))]
    written += [c.pair.certificate for c in _changed(certificates)]
    services = [
        (s, service.compare(s, states.get(s.key), written, owned))
        for s in service.in_order(of(resources, Service), states)
    ]
    databases = [
        (d, database.compare(d, states.get(d.key), owned, known)) for d in of(resources, Database, DatabaseUser)
    ]
    commands = [(c, command.compare(c, states.get(c.key))) for c in of(resources, Command)]
    every = [
        *archives,
        *packages,
        *users,
        *secrets,
        *certificates,
        *releases,
        *paths,
        *displaced,
        *services,
        *databases,
        *commands,
        *asked,
    ]
    stage = Stage(
        tuple(change for _, change in every if isinstance(change, Change)),
        before=(
            *repository.steps(_changed(archives)),
            *package.steps(_changed(packages), wait, refresh=bool(_changed(archives))),
            *user.steps(_changed(users)),
            *secret.steps(_changed(secrets)),
            *certificate.steps(_changed(certificates)),
            *release.steps(_changed(releases)),
        ),
        generation=_generation(desired, _changed(paths), contents, tuple(link.key for link in links)),
        services=tuple((s, change) for s, change in services if isinstance(change, Change)),
        after=(
            *database.steps(_changed(databases)),
            *command.steps(_changed(commands)),
            *acme.steps(_changed(asked)),
        ),
    )
    return stage, [change for _, change in every if isinstance(change, Conflict)]


def _changed(pairs: Iterable[tuple[_T, object]]) -> list[_T]:
    return [resource for resource, change in pairs if isinstance(change, Change)]


def _retire(playbook: str, desired: Desired, seen: Observation) -> Stage:
    wanted = {resource.key for resource in (*desired.resources, *desired.displaced)}
    orphans = sorted(seen.orphans(playbook) - wanted)
    deleted = tuple(key for key in orphans if key.startswith(_RETIRED))
    units = _named(orphans, "service:")
    archives = _named(orphans, "repository:")
    running = [s for s in of(desired.resources, Service) if s.running]
    reloads = [
        (s, Change(s.key, s.layer, s.on_change, f"because {touched[0]} goes\n"))
        for s in running
        if (touched := [path for path in map(_path, deleted) if path.startswith(s.watch)])
    ]
    layers = {watched: s.layer for s in running for watched in s.watch}
    return Stage(
        (
            *(Change(f"service:{unit}", "linux", Action.STOP, "no longer wanted\n") for unit in units),
            *(Change(f"repository:{name}", "linux", Action.DELETE, "no longer wanted\n") for name in archives),
            *(Change(key, _layer(_path(key), layers), Action.DELETE, "no longer wanted\n") for key in deleted),
            *(change for _, change in reloads),
        ),
        before=(
            *(_forgetting(f"service:{unit}", f"stop {unit}", systemctl.stop(unit)) for unit in units),
            *(_forgetting(f"repository:{name}", f"remove {name}", repository.remove(name)) for name in archives),
        ),
        generation=_generation(desired, [], {}, deleted, bool(units)),
        services=tuple(reloads),
        stopped=units,
    )


def _named(keys: Iterable[str], kind: str) -> tuple[str, ...]:
    return tuple(key.removeprefix(kind) for key in keys if key.startswith(kind))


def _forgetting(key: str, name: str, script: str) -> Step:
    """Takes something away, and strikes it from what is lampctl's."""
    return Step(name, "linux", f"{script}{disown(key)}")


def _layer(path: str, layers: Mapping[str, str]) -> str:
    return next((layer for watched, layer in layers.items() if path.startswith(watched)), "linux")


def _path(key: str) -> str:
    return key.partition(":")[2]


def _generation(
    desired: Desired,
    resources: list[PathResource],
    contents: Mapping[str, str],
    deleted: tuple[str, ...],
    stops: bool = False,
) -> Generation | None:
    """`stops`: units are stopped with it, which an undo starts again, whether or not files go."""
    if not resources and not deleted and not stops:
        return None
    paths = [*(r.path for r in resources), *map(_path, deleted)]
    return Generation(
        tuple(resources),
        file.archive(resources, contents),
        deleted,
        tuple(v for v in desired.validators if any(path.startswith(v.watch + "/") for path in paths)),
        {r.path: r.template for r in resources if isinstance(r, File)},
    )


def contents_of(desired: Desired) -> list[File]:
    """The files that have to be rendered."""
    return cast("list[File]", of(desired.resources, File))
