"""The second stage: what this playbook once made and no longer wants."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from lampctl.layers import Desired
from lampctl.planning.identity import sites_of
from lampctl.planning.stages import Stage, generation, path_of
from lampctl.playbook import home_of, user_of
from lampctl.resources import Action, Change, PasswordFile, Rename, Resource, Secret, Service, SharedService, select
from lampctl.resources.kind import Changed, HostView, Retirement
from lampctl.resources.kinds import kinds
from lampctl.resources.service import SERVICES, steps


def stage(desired: Desired, orphans: Mapping[str, str], view: HostView) -> Stage:
    """Retire the resources of each kind, in the reverse order of the first stage; data stays.

    Args:
        orphans: Keys that no playbook wants any more -> the record of the playbook that made them.
    """
    candidates = (*desired.resources, *desired.shared)
    nouns = {key: key.partition(":")[0] for key in sorted(orphans)}
    retired = [
        kind.retire([key for key, noun in nouns.items() if noun in kind.nouns], kind.select(candidates), view)
        for kind in reversed(kinds())
    ]
    deleted = _deleted(retired, candidates)
    leaving = tuple(step for item in retired for step in item.steps)
    view = view.changed([path_of(key) for key in deleted])
    stopped = {key for step in leaving for key in step.disowns}
    running = _running(candidates, stopped, view)
    reloads = _reloads(running, view)
    return Stage(
        (
            *(_owned(change, orphans) for item in retired for change in item.changes),
            *_deletions(deleted, orphans, running),
            *(change for _, change in reloads),
        ),
        leaving=leaving,
        generation=generation(desired, [], {}, deleted, leaving),
        services=tuple(steps(reloads, view)),
    )


def _deleted(retired: Sequence[Retirement], candidates: Sequence[Resource]) -> tuple[str, ...]:
    """Keys of files. An undo records what it brings back as a file: it may be a secret that the playbook has again."""
    secrets = {path_of(item.key) for item in select(candidates, PasswordFile, Secret)}
    return tuple(key for item in retired for key in item.deleted if path_of(key) not in secrets)


def _running(candidates: Sequence[Resource], stopped: Collection[str], view: HostView) -> list[Service]:
    """The services of the playbook, and shared ones that are active and do not stop."""
    active = {key for key, state in view.states.of_kind(SERVICES).items() if state.runs and key not in stopped}
    shared = (s for s in select(candidates, SharedService) if s.key in active)
    left = (Service(s.unit, s.layer, watch=s.watch, test=s.test) for s in shared)
    return [*select(candidates, Service), *left]


def _reloads(running: Sequence[Service], view: HostView) -> list[Changed[Service]]:
    """The reloads of running units whose files (`view.changing`) are deleted."""
    found = []
    for service in running:
        if touched := next((path for path in view.changing if path.startswith(service.watch)), ""):
            change = Change(service.key, service.layer, service.on_change, f"because {touched} is deleted\n")
            found.append((service, change))
    return found


def _owned(change: Change, makers: Mapping[str, str]) -> Change:
    """The change, which says who made what it removes."""
    maker = makers.get(change.resource, "").removeprefix("@")
    return replace(change, diff=f"{change.diff.rstrip()}; made by the playbook {maker}\n") if maker else change


def _deletions(keys: Sequence[str], makers: Mapping[str, str], running: Sequence[Service]) -> Iterator[Change]:
    """The deletions of files, each in the layer of the service that reads the file."""
    layers = {watched: service.layer for service in running for watched in service.watch}
    for key in keys:
        layer = next((layer for watched, layer in layers.items() if path_of(key).startswith(watched)), "linux")
        yield _owned(Change(key, layer, Action.DELETE, "no longer wanted\n"), makers)


def leftovers(desired: Desired, orphans: Collection[str]) -> tuple[str, ...]:
    """What stays of sites that go, in words: data is never deleted."""
    renamed = {item.former for item in select(desired.resources, Rename)}
    going = sorted(sites_of(orphans) - sites_of(resource.key for resource in desired.resources) - renamed)
    if not going:
        return ()
    homes = [home_of(site) for site in going if f"directory:{home_of(site)}" in orphans]
    stay = [*homes, *(f"the user {user_of(site)}" for site in going)]
    stay += [_described(key) for key in sorted(orphans) if key.startswith("database")]
    hint = f"if one of the playbook's sites is its successor, `renamed_from: {going[0]}` moves it there"
    return (f"left of {', '.join(going)}: {', '.join(stay)}; {hint}",)


def _described(key: str) -> str:
    noun, _, name = key.partition(":")
    return f"the {noun.replace('-', ' ')} {name}"
