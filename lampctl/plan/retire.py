"""The second stage: what this playbook once made and no longer wants."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from lampctl.layers import Desired
from lampctl.plan.stages import Stage, generation, path_of
from lampctl.resources import Action, Change, Service
from lampctl.resources import service as services
from lampctl.resources.kind import HostView
from lampctl.resources.kinds import kinds


def stage(desired: Desired, orphans: Collection[str], view: HostView) -> Stage:
    """Each kind retires its own, in the reverse order of bringing; data stays.

    Args:
        orphans: Keys of what no playbook wants any more.
    """
    candidates = (*desired.resources, *desired.shared)
    nouns = {key: key.partition(":")[0] for key in sorted(orphans)}
    retired = [
        kind.retire([key for key, noun in nouns.items() if noun in kind.nouns], kind.select(candidates), view)
        for kind in reversed(kinds())
    ]
    deleted = tuple(key for item in retired for key in item.deleted)
    before = tuple(step for item in retired for step in item.steps)
    view = view.changed([path_of(key) for key in deleted])
    stopped = {key for step in before for key in step.disowns}
    reloads = services.reloads(services.SERVICES.select(candidates), stopped, view)
    return Stage(
        (
            *(change for item in retired for change in item.changes),
            *_deletions(deleted, services.running(services.SERVICES.select(candidates), stopped, view)),
            *(change for _, change in reloads),
        ),
        before=before,
        generation=generation(desired, [], {}, deleted, before),
        services=tuple(services.steps(reloads, view)),
    )


def _deletions(keys: Sequence[str], running: Sequence[Service]) -> Iterator[Change]:
    """Each of the layer of the service that reads it."""
    layers = {watched: service.layer for service in running for watched in service.watch}
    for key in keys:
        layer = next((layer for watched, layer in layers.items() if path_of(key).startswith(watched)), "linux")
        yield Change(key, layer, Action.DELETE, "no longer wanted\n")
