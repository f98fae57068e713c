"""The second stage: what this playbook once made and no longer wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import basename

from lampctl.layers import Desired
from lampctl.observation import Observation, of
from lampctl.planning.stages import Stage, generation, path_of
from lampctl.resources import Action, Change, Service, Step, User, repository, systemctl, user
from lampctl.resources.service import UnitState
from lampctl.resources.shell import disown

# What goes when a playbook no longer wants it. Databases, users and what lies below /var/www hold data: they stay.
_RETIRED = ("file:/etc/", "symlink:/etc/")


def stage(playbook: str, desired: Desired, seen: Observation) -> Stage:
    wanted = {resource.key for resource in (*desired.resources, *desired.displaced)}
    orphans = sorted(seen.orphans(playbook) - wanted)
    deleted = tuple(key for key in orphans if key.startswith(_RETIRED))
    used = {s.key for s in desired.shared if _state(s, seen).others}
    units = _named([key for key in orphans if key not in used], "service:")
    archives = _named(orphans, "repository:")
    renamed = user.outdated(of(desired.resources, User), seen.states)
    left = [s for s in desired.shared if _state(s, seen).active == "active" and s.unit not in units]
    running = [*(s for s in of(desired.resources, Service) if s.running), *left]
    reloads = [
        (s, Change(s.key, s.layer, s.on_change, f"because {touched[0]} goes\n"))
        for s in running
        if (touched := [path for path in map(path_of, deleted) if path.startswith(s.watch)])
    ]
    layers = {watched: s.layer for s in running for watched in s.watch}
    return Stage(
        (
            *(Change(f"service:{unit}", "linux", Action.STOP, "no longer wanted\n") for unit in units),
            *(Change(f"repository:{name}", "linux", Action.DELETE, "no longer wanted\n") for name in archives),
            *(Change(u.former_key, u.layer, Action.DELETE, f"is {u.name} now\n") for u in renamed),
            *(Change(key, _layer(path_of(key), layers), Action.DELETE, "no longer wanted\n") for key in deleted),
            *(change for _, change in reloads),
        ),
        before=(
            *(_forgetting(f"service:{unit}", f"stop {unit}", systemctl.stop(unit)) for unit in units),
            *(
                # After its units: a slice without a file would stay until the host restarts.
                Step(f"stop {name}", "linux", systemctl.stop(name))
                for name in (basename(key) for key in deleted if key.endswith(".slice"))
            ),
            *(_forgetting(f"repository:{name}", f"remove {name}", repository.remove(name)) for name in archives),
            *map(user.forget, renamed),
        ),
        generation=generation(desired, [], {}, deleted, bool(units)),
        services=tuple(reloads),
        stopped=units,
    )


def _state(service: Service, seen: Observation) -> UnitState:
    state = seen.states.get(service.key)
    return state if isinstance(state, UnitState) else UnitState()


def _named(keys: Iterable[str], kind: str) -> tuple[str, ...]:
    return tuple(key.removeprefix(kind) for key in keys if key.startswith(kind))


def _forgetting(key: str, name: str, script: str) -> Step:
    """Takes something away, and strikes it from what is lampctl's."""
    return Step(name, "linux", f"{script}{disown(key)}")


def _layer(path: str, layers: Mapping[str, str]) -> str:
    return next((layer for watched, layer in layers.items() if path.startswith(watched)), "linux")
