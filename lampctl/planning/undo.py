"""The plan that goes back to the state before a run: what its generations kept, as a generation of its own.

The host composes the files, so that none of them leaves it; what is composed is the same when it is shown and when it
is applied, because a run on a host of another generation is refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from lampctl.answers import rows
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.planning.identity import without_sites
from lampctl.planning.plan import Plan
from lampctl.planning.stages import Generation, Stage, path_of
from lampctl.resources import Action, Change, Service, Step
from lampctl.resources.shell import script

_GONE = "it did not exist before\n"
_ACTIONS = {"create": Action.CREATE, "update": Action.UPDATE, "delete": Action.DELETE}


@dataclass(frozen=True)
class Kept:
    """A generation of the host that can be undone.

    Attributes:
        run: The id of the run that made it.
        playbook: The record of the playbook that made it.
        whole: It has all that this takes; those of older versions of lampctl have not.
    """

    number: str
    run: str
    playbook: str
    whole: bool


def listing() -> str:
    """Shell that prints what `parse_listing` reads."""
    return script("undo/list")


def parse_listing(raw: str) -> list[Kept]:
    """The generations, the newest first."""
    found = (Kept(number, run, playbook, whole == "whole") for number, run, playbook, whole in rows(raw, 4))
    return [kept for kept in found if kept.number.isdecimal()]


def look(chosen: Sequence[Kept]) -> str:
    """Shell that composes what takes the host back, and prints what `plan` reads."""
    return script("undo/compose", "undo/show", "undo/passed", **_parameters(chosen))


def _parameters(chosen: Sequence[Kept]) -> dict[str, str | list[str]]:
    return {"numbers": [one.number for one in chosen], "record": chosen[0].playbook}


@dataclass(frozen=True)
class Way:
    """The way back.

    Attributes:
        passed: Check id -> question, of the checks that passed before the run.
        left: Keys that stay as they are, because another playbook needs them.
        missing: (link, its target) of links that would lead nowhere.
    """

    plan: Plan
    passed: dict[str, str]
    left: tuple[str, ...]
    missing: tuple[tuple[str, str], ...]


def plan(raw: str, chosen: Sequence[Kept], desired: Desired, seen: Observation) -> Way:
    """Read what the host composed.

    Args:
        raw: The output of `look`.
        desired: What the playbook wants now: it names layers, and how the servers test their files.
    """
    compose = Step(
        f"collect the files from before {chosen[-1].run}", "linux", script("undo/compose", **_parameters(chosen))
    )
    return composed(raw, chosen[0].playbook, compose, desired, seen)


def composed(raw: str, record: str, compose: Step, desired: Desired, seen: Observation) -> Way:
    """Read what the step `compose` composes for the playbook with this record, as host/undo/show.sh prints it."""
    found = list(rows(raw, 3))
    changes = [
        Change(key, _layer(desired, key, compose.layer), _ACTIONS[what], _GONE if what == "delete" else _decoded(diff))
        for what, key, diff in found
        if what in _ACTIONS
    ]
    deleted = [change.resource for change in changes if change.action is Action.DELETE]
    kept = [change.resource for change in changes if change.action is not Action.DELETE]
    going = {key.rpartition("/")[2] for key in deleted}
    units = dict.fromkeys((key, owner) for what, key, owner in found if what == "unit")
    restarts = [_restart(key, owner, going) for key, owner in units]
    words = (key.partition(" ") for what, key, _ in found if what == "passed")
    return Way(
        Plan(record, (_stage(compose, desired, (*changes, *restarts)),) if changes else (), (),
             seen.generation, (), ()),
        without_sites({id: question for id, _, question in words if question}, deleted, kept),
        tuple(key for what, key, _ in found if what == "left"),
        tuple((path, target) for what, path, target in found if what == "missing"),
    )  # fmt: skip


def _restart(key: str, layer: str, going: Collection[str]) -> Change:
    """How a unit changes. `going`: names of files that are deleted."""
    if path_of(key) in going:
        return Change(key, layer, Action.STOP, "it did not exist before\n")
    return Change(key, layer, Action.RELOAD, "runs the files that come back\n")


def shown(desired: Desired) -> str:
    """Paths whose content a plan shows."""
    return "".join(f"{file.path}\n" for file in desired.files if not file.private)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except binascii.Error:
        return ""


def _layer(desired: Desired, key: str, otherwise: str) -> str:
    """The layer of a file: the playbook's, else that of a service that reads it."""
    known = (r.layer for r in desired.resources if r.key == key)
    watched = (r.layer for r in desired.resources if isinstance(r, Service) and path_of(key).startswith(r.watch))
    return next(known, next(watched, otherwise))


def _stage(compose: Step, desired: Desired, changes: tuple[Change, ...]) -> Stage:
    written = [path_of(change.resource) for change in changes if change.action is not Action.DELETE]
    validators = tuple(v for v in desired.validators if any(path.startswith(f"{v.watch}/") for path in written))
    services = Step("make the services run them", "linux", script("undo/services"))
    generation = Generation((), b"", (), validators, {})
    return Stage(changes, before=(compose,), generation=generation, services=(services,))


def proved_by(desired: Desired, passed: dict[str, str], seen: Observation) -> tuple[Desired, Observation]:
    """What proves that the host is back: the checks that passed then and ask the same now.

    Others are about what comes or goes with the runs that are undone. Those of other playbooks keep their state.
    """
    ids = {check.id for check in desired.checks}
    others = {id: question for id, question in seen.passed.items() if id not in ids}
    checks = tuple(check for check in desired.checks if passed.get(check.id) == check.question)
    return replace(desired, checks=checks), replace(seen, passed={**others, **passed})
