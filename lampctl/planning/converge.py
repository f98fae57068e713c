"""The first stage: missing resources, and those that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lampctl.layers import Desired
from lampctl.planning.stages import Stage, generation
from lampctl.resources import Action, Change, Conflict, File, Step
from lampctl.resources.kind import Changed, HostView, Phase
from lampctl.resources.kinds import kinds


def stage(desired: Desired, view: HostView) -> tuple[Stage, list[Conflict]]:
    """Compare the resources of each kind in turn; later kinds see which paths change."""
    changed: dict[str, list[Changed[Any]]] = {}
    conflicts: list[Conflict] = []
    for kind in kinds():
        changed[kind.name] = []
        for resource in kind.arrange(kind.select(desired.resources), view):
            outcome = kind.compare(resource, kind.state(resource, view.states), view)
            if isinstance(outcome, Change):
                changed[kind.name].append((resource, outcome))
            elif outcome:
                conflicts.append(outcome)
        view = view.changed([path for resource, _ in changed[kind.name] for path in kind.writes(resource)])

    def steps(phase: Phase) -> tuple[Step, ...]:
        return tuple(step for kind in kinds() if kind.phase is phase for step in kind.steps(changed[kind.name], view))

    files = [pair for kind in kinds() if kind.phase is Phase.GENERATION for pair in changed[kind.name]]
    before = steps(Phase.PREPARE)
    return Stage(
        tuple(change for pairs in changed.values() for _, change in pairs),
        before=before,
        generation=generation(desired, _handed_over(files), view.contents, _deleted(files), before, _fresh(files)),
        services=steps(Phase.SERVICES),
        after=steps(Phase.AFTER),
    ), conflicts


def _handed_over(files: Sequence[Changed[Any]]) -> list[Any]:
    return [resource for resource, change in files if change.action is not Action.DELETE]


def _deleted(files: Sequence[Changed[Any]]) -> tuple[str, ...]:
    return tuple(change.resource for _, change in files if change.action is Action.DELETE)


def _fresh(files: Sequence[Changed[Any]]) -> tuple[str, ...]:
    """Files that take no other's place, as far as the plan knows."""
    own = ((resource, change) for resource, change in files if isinstance(resource, File) and not resource.divert)
    return tuple(file.path for file, change in own if change.action is Action.CREATE and not file.seed)
