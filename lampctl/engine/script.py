"""What is sent to a host to apply a stage: its steps, the new files, and what restores the former ones."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterable, Mapping
from dataclasses import replace

from lampctl.engine.observe import numbered
from lampctl.planning import Plan, Stage
from lampctl.resources import File, Step
from lampctl.resources.shell import disown, script, words
from lampctl.ssh import Batch
from lampctl.ssh.limits import WORK


def steps_of(stage: Stage) -> list[Step]:
    """All steps, in order. What becomes lampctl's is recorded before it is made: a run that dies leaves no orphan."""
    files = []
    if stage.generation:
        files = [
            Step("validate the new files", "linux", script("validate")),
            Step("hand over the new files", "linux", script("swap")),
        ]
    return [_recorded(step) for step in (*stage.before, *files, *stage.services, *stage.after)]


def _recorded(step: Step) -> Step:
    own = f"sh ./own.sh {words(step.owns)}\n" if step.owns else ""
    return replace(step, script=f"{own}{step.script}\n{''.join(map(disown, step.disowns))}")


def batch(plan: Plan, stage: Stage, seen: str, steps: list[Step], tools: Mapping[str, bytes]) -> Batch:
    owner = f"{getpass.getuser()}@{socket.gethostname()}"
    files = {
        **tools,
        "claims": listed(plan.claims),
        **numbered("steps", [step.script for step in steps]),
        "main": script("apply").encode(),
        "adopted": listed(plan.adopted),
        "run.sh": script("run", seen=seen, owner=owner, playbook=plan.playbook).encode(),
        **{f"{name}.sh": script(name).encode() for name in ("enter", "own", "disown", "undo")},
    }
    for step in steps:
        files |= step.payload
    generation = stage.generation
    if generation:
        validators = {f"validators/{n:02d}-{v.layer}": v.command.encode() for n, v in enumerate(generation.validators)}
        files |= {
            **validators,
            **numbered("undo", _undo(stage)),
            "manifest": listed(resource.key for resource in generation.resources),
            "seeds": listed(r.key for r in generation.resources if isinstance(r, File) and r.seed),
            "deleted": listed(generation.deleted),
            "diverts": listed(r.path for r in generation.resources if isinstance(r, File) and r.divert),
            "stopped": listed(key for step in stage.before if step.undo for key in step.disowns),
            "generation.tar": generation.archive,
        }
    return Batch(files, WORK)


def listed(items: Iterable[str]) -> bytes:
    return "".join(f"{item}\n" for item in items).encode()


def _undo(stage: Stage) -> list[str]:
    """The last step first: what took another's place gives it back before that one wants it."""
    return [step.undo for step in reversed(stage.steps) if step.undo]
