"""The first stage: what is wanted and is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lampctl.layers import Desired
from lampctl.observation import Observation, of
from lampctl.planning import others
from lampctl.planning.stages import Stage, generation
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
    directory,
    file,
    package,
    release,
    repository,
    secret,
    service,
    user,
)

# What was compared, by a name for its kind, in the order in which changes are shown: each resource and what it needs.
_Compared = dict[str, list[tuple[Any, Change | Conflict | None]]]


def stage(
    desired: Desired,
    seen: Observation,
    known: frozenset[str],
    theirs: Mapping[str, str],
    contents: Mapping[str, str],
    wait: int,
) -> tuple[Stage, list[Conflict]]:
    """`known`: the databases and their users that are lampctl's by what is there; `theirs`: other playbooks' keys."""
    compared = _compared(desired, seen, known, theirs, contents)
    users = of(desired.resources, User)
    outcomes = [outcome for pairs in compared.values() for _, outcome in pairs]
    changed = {kind: _changed(pairs) for kind, pairs in compared.items()}
    files = [r for r in changed["paths"] if not isinstance(r, Directory)]
    first = Stage(
        tuple(outcome for outcome in outcomes if isinstance(outcome, Change)),
        before=(
            *repository.steps(changed["archives"]),
            *package.steps(changed["packages"], wait, refresh=bool(changed["archives"])),
            *user.steps(changed["users"], seen.states, users),
            *secret.steps(changed["secrets"]),
            *certificate.steps(changed["certificates"]),
            *directory.steps([r for r in changed["paths"] if isinstance(r, Directory)]),
            *release.steps(changed["releases"]),
        ),
        generation=generation(desired, files, contents, tuple(link.key for link in changed["displaced"])),
        services=tuple((s, change) for s, change in compared["services"] if isinstance(change, Change)),
        after=(
            *database.steps(changed["databases"]),
            *command.steps(changed["commands"]),
            *acme.steps(changed["asked"]),
        ),
    )
    taken = others.taken(of(desired.resources, Directory), users, seen, theirs)
    return first, [*taken, *(outcome for outcome in outcomes if isinstance(outcome, Conflict))]


def _compared(
    desired: Desired, seen: Observation, known: frozenset[str], theirs: Mapping[str, str], contents: Mapping[str, str]
) -> _Compared:
    resources, states, owned, clock = desired.resources, seen.states, seen.owned, seen.facts.clock
    found: _Compared = {
        "archives": [(r, repository.compare(r, states.get(r.key), owned)) for r in of(resources, Repository)],
        "packages": [(p, package.compare(p, states.get(p.key))) for p in of(resources, Package)],
        "users": [(u, user.compare(u, states, of(resources, User))) for u in of(resources, User)],
        "secrets": [(s, secret.compare(s, states.get(s.key))) for s in of(resources, Secret)],
        "certificates": [
            (c, certificate.compare(c, states.get(c.key), clock))
            for c in (certificate.widened(c, states.get(c.key)) for c in of(resources, Certificate))
        ],
        "releases": [(r, release.compare(r, states.get(r.key))) for r in of(resources, Release)],
        "paths": [
            (r, file.compare(r, contents.get(r.key, ""), seen.entries, owned))
            for r in of(resources, Directory, File, Symlink)
        ],
        "displaced": [
            (link, Change(link.key, link.layer, Action.DELETE, "another link takes its place\n"))
            for link in desired.displaced
            if file.holds(link, seen.entries)
        ],
    }
    written = _written(found)
    services = service.in_order(of(resources, Service), states)
    return found | {
        "services": [(s, service.compare(s, states.get(s.key), written, owned)) for s in services],
        "databases": [
            (d, database.compare(d, states, owned, known, theirs)) for d in of(resources, Database, DatabaseUser)
        ],
        "commands": [(c, command.compare(c, states.get(c.key))) for c in of(resources, Command)],
        "asked": [(a, acme.compare(a, states.get(a.key), clock)) for a in of(resources, AcmeCertificate)],
    }


def _written(found: _Compared) -> list[str]:
    """The paths that change, which services may have to read again."""
    paths = [r.path for kind in ("paths", "displaced", "secrets") for r in _changed(found[kind])]
    return [*paths, *(c.pair.certificate for c in _changed(found["certificates"]))]


def _changed(pairs: list[tuple[Any, Change | Conflict | None]]) -> list[Any]:
    return [resource for resource, outcome in pairs if isinstance(outcome, Change)]
