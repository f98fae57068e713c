"""The first stage: what is wanted and is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from lampctl.layers import Desired
from lampctl.observation import Observation, of
from lampctl.plan.stages import Stage, generation
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
    Release,
    Repository,
    Secret,
    Service,
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
    user,
)

_T = TypeVar("_T")


def stage(
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
    first = Stage(
        tuple(change for _, change in every if isinstance(change, Change)),
        before=(
            *repository.steps(_changed(archives)),
            *package.steps(_changed(packages), wait, refresh=bool(_changed(archives))),
            *user.steps(_changed(users)),
            *secret.steps(_changed(secrets)),
            *certificate.steps(_changed(certificates)),
            *release.steps(_changed(releases)),
        ),
        generation=generation(desired, _changed(paths), contents, tuple(link.key for link in links)),
        services=tuple((s, change) for s, change in services if isinstance(change, Change)),
        after=(
            *database.steps(_changed(databases)),
            *command.steps(_changed(commands)),
            *acme.steps(_changed(asked)),
        ),
    )
    return first, [change for _, change in every if isinstance(change, Conflict)]


def _changed(pairs: Iterable[tuple[_T, object]]) -> list[_T]:
    return [resource for resource, change in pairs if isinstance(change, Change)]
