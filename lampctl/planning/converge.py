"""The first stage: missing resources, and those that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lampctl.layers import Desired
from lampctl.planning.stages import Stage, generation
from lampctl.resources import Action, Change, Conflict, File, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.kinds import kinds


def stages(desired: Desired, view: HostView) -> tuple[Stage, Stage, tuple[Conflict, ...]]:
    """Compare the resources of each kind in turn; later kinds see which paths change.

    Returns:
        The first stage; what runs when it is proved; and what is in the way.
    """
    changed, conflicts, view = _compare(desired, view)

    def steps(phase: Phase) -> tuple[Step, ...]:
        return tuple(
            step
            for kind in kinds()
            for step in kind.steps([pair for pair in changed[kind.name] if _phase(kind, pair[0]) is phase], view)
        )

    files = [pair for kind in kinds() if kind.phase is Phase.GENERATION for pair in changed[kind.name]]
    before = steps(Phase.PREPARE)
    first = Stage(
        _changes(changed, late=False),
        before=before,
        switch=steps(Phase.SWITCH),
        generation=generation(desired, _handed_over(files), view.contents, _deleted(files), before, _fresh(files)),
        services=steps(Phase.SERVICES),
        after=steps(Phase.AFTER),
    )
    return first, Stage(_changes(changed, late=True), after=steps(Phase.PROVED)), tuple(conflicts)


def _compare(desired: Desired, view: HostView) -> tuple[dict[str, list[Changed[Any]]], list[Conflict], HostView]:
    """(name of each kind → what differs, what is in the way, the view with the paths that change)."""
    changed: dict[str, list[Changed[Any]]] = {}
    conflicts: list[Conflict] = []
    for kind in kinds():
        changed[kind.name] = []
        for resource in kind.arrange(kind.select(desired.resources), view):
            outcome = kind.compare(resource, kind.state(resource, view.states), view)
            if isinstance(outcome, Change):
                changed[kind.name].append((resource, outcome))
            elif outcome:
                conflicts.append(replace(outcome, layer=resource.layer))
        view = view.changed([path for resource, _ in changed[kind.name] for path in kind.writes(resource)])
    return changed, conflicts, view


def _phase(kind: Kind[Any, Any], resource: Any) -> Phase:
    """A database that a hook needs comes before it, and what is left to another host is recorded before the switch."""
    return Phase.SWITCH if getattr(resource, "early", False) else kind.phase


def _changes(changed: Mapping[str, Sequence[Changed[Any]]], *, late: bool) -> tuple[Change, ...]:
    return tuple(
        change
        for kind in kinds()
        for resource, change in changed[kind.name]
        if (_phase(kind, resource) is Phase.PROVED) is late
    )


def _handed_over(files: Sequence[Changed[Any]]) -> list[Any]:
    return [resource for resource, change in files if change.action is not Action.DELETE]


def _deleted(files: Sequence[Changed[Any]]) -> tuple[str, ...]:
    return tuple(change.resource for _, change in files if change.action is Action.DELETE)


def _fresh(files: Sequence[Changed[Any]]) -> tuple[str, ...]:
    """Files that take no other's place, as far as the plan knows."""
    own = ((resource, change) for resource, change in files if isinstance(resource, File) and not resource.divert)
    return tuple(file.path for file, change in own if change.action is Action.CREATE and not file.seed)
