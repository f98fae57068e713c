"""What is sent to a host to apply a stage: its steps, the new files, and what puts the former ones back."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lampctl.engine.library import host_script
from lampctl.engine.observe import numbered, shell_variables
from lampctl.planning import Generation, Plan, Stage
from lampctl.resources import Action, File, Service, Step, systemctl
from lampctl.resources.shell import words
from lampctl.ssh import Batch
from lampctl.ssh.limits import WORK


def steps_of(stage: Stage) -> list[Step]:
    """All steps, in order. What is lampctl's is written down before it is made: a run that dies leaves no orphan."""
    steps = [_owning(step, step.owns) if step.owns else step for step in stage.before]
    if stage.generation:
        steps.append(Step("validate the new files", "linux", host_script("validate").decode()))
        steps.append(Step("hand over the new files", "linux", host_script("swap").decode()))
    for (item, change), step in zip(stage.services, systemctl.steps(stage.services), strict=True):
        steps.append(step if change.action is Action.STOP else _owning(step, [item.key]))
    created = [c.resource for c in stage.changes if c.action is Action.CREATE and c.resource.startswith("database")]
    return [*steps, *(_owning(step, created) for step in stage.after)]


def _owning(step: Step, keys: Sequence[str]) -> Step:
    return replace(step, script=f"sh ./own.sh {words(keys)}\n{step.script}")


def batch(plan: Plan, stage: Stage, seen: str, steps: list[Step], tools: Mapping[str, bytes]) -> Batch:
    owner = f"{getpass.getuser()}@{socket.gethostname()}"
    variables = {"SEEN": seen, "OWNER": owner, "PLAYBOOK": plan.playbook}
    files = {
        **tools,
        "claims": listed(plan.claims),
        **numbered("steps", [step.script for step in steps]),
        "main": host_script("apply"),
        "adopted": listed(plan.adopted),
        "run.sh": shell_variables(variables) + host_script("run"),
        **{f"{name}.sh": host_script(name) for name in ("enter", "own", "disown", "undo")},
    }
    for step in steps:
        files |= step.payload
    generation = stage.generation
    if generation:
        validators = {f"validators/{n:02d}-{v.layer}": v.command.encode() for n, v in enumerate(generation.validators)}
        files |= {
            **validators,
            **numbered("undo", _undo(stage, generation)),
            "manifest": listed(resource.key for resource in generation.resources),
            "seeds": listed(r.key for r in generation.resources if isinstance(r, File) and r.seed),
            "deleted": listed(generation.deleted),
            "diverts": listed(r.path for r in generation.resources if isinstance(r, File) and r.divert),
            "stopped": listed(f"service:{unit}" for unit in stage.stopped),
            "generation.tar": generation.archive,
        }
    return Batch(files, WORK)


def listed(items: Iterable[str]) -> bytes:
    return "".join(f"{item}\n" for item in items).encode()


def _undo(stage: Stage, generation: Generation) -> list[str]:
    """What makes the services run the former files, the last first: who took another's place gives it back first."""
    layers = [item.layer for item, _ in stage.services]
    crowded = {layer for layer in layers if layers.count(layer) > 1}
    scripts = [
        systemctl.undo(item, change, item.layer in crowded)
        for item, change in reversed(stage.services)
        if item.layer in crowded
        or change.action is Action.STOP
        or any(p in item.units or p.startswith(item.watch) for p in generation.paths)
    ]
    return [*scripts, *(systemctl.act(Service(unit, ""), Action.START) for unit in stage.stopped)]
