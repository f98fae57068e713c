"""The second stage: what this playbook once made and no longer wants."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lampctl.layers import Desired
from lampctl.plan.stages import Stage, generation, path_of
from lampctl.resources import Action, Change, OutgoingService
from lampctl.resources import service as services
from lampctl.resources.kind import HostView
from lampctl.resources.kinds import kinds


def stage(desired: Desired, orphans: Collection[str], view: HostView) -> Stage:
    """Each kind retires its own, in the reverse order of bringing; data stays.

    Args:
        orphans: Keys of what no playbook wants any more.
    """
    candidates = (*desired.resources, *desired.shared)
    retired = [
        kind.retire(
            sorted(key for key in orphans if key.partition(":")[0] in kind.nouns), kind.select(candidates), view
        )
        for kind in reversed(kinds())
    ]
    deleted = tuple(key for item in retired for key in item.deleted)
    before = tuple(step for item in retired for step in item.steps)
    stopped = {key for step in before for key in step.disowns}
    view = view.changed([path_of(key) for key in deleted])
    running = [s for s in services.SERVICES.select(candidates) if not isinstance(s, OutgoingService)]
    reloads = services.reloads(running, stopped, view)
    layers = {watched: service.layer for service in running for watched in service.watch}
    return Stage(
        (
            *(change for item in retired for change in item.changes),
            *(Change(key, _layer(path_of(key), layers), Action.DELETE, "no longer wanted\n") for key in deleted),
            *(change for _, change in reloads),
        ),
        before=before,
        generation=generation(desired, [], {}, deleted, before),
        services=tuple(services.steps(reloads, view)),
    )


def _layer(path: str, layers: Mapping[str, str]) -> str:
    return next((layer for watched, layer in layers.items() if path.startswith(watched)), "linux")
