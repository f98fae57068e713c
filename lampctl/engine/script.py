"""The batch that applies a stage on a host: its steps, the new files, and what restores the previous ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lampctl.checks import Check, HostProbe
from lampctl.engine.observe import numbered
from lampctl.journal import runs, transcript
from lampctl.journal.runs import Begun
from lampctl.planning import Plan, Stage
from lampctl.resources import File, Step
from lampctl.resources.shell import disown, program, script, words
from lampctl.ssh import Batch
from lampctl.ssh.limits import CHANGE_LIMITS

WAIT = 60  # seconds that the host waits for a verdict before it rolls back


def steps_of(stage: Stage) -> list[Step]:
    """All steps, in order. What becomes lampctl's is recorded before it is made: a run that dies leaves no orphan."""
    valid, kept, files = [], [], []
    if stage.generation:
        valid = [Step("validate the new files", "linux", script("validate"))]
        kept = [*_rehearsal(stage), Step("keep the previous files", "linux", script("keep"))]
        files = [Step("hand over the new files", "linux", script("swap"))]
    ready = (*stage.before, *valid, *stage.switch, *kept)
    steps = (*ready, *stage.leaving, *files, *stage.services, *stage.after)
    return [_recorded(step) for step in sorted(steps, key=lambda step: step.late)]


def _rehearsal(stage: Stage) -> list[Step]:
    if not (found := stage.rehearsal):
        return []
    given = {name: getattr(found, name) for name in ("servers", "instances", "programs", "switched")}
    tried = script("port/listening", "port/strangers", "gist", "rehearsal/units", "rehearse", **given)
    return [Step("try the new files beside what serves", "linux", tried)]


def _recorded(step: Step) -> Step:
    own = f"sh ./own.sh {words(step.owns)}\n" if step.owns else ""
    return replace(step, script=f"{own}{step.script}\n{''.join(map(disown, step.disowns))}")


def batch(
    plan: Plan,
    stage: Stage,
    seen: str,
    steps: list[Step],
    tools: Mapping[str, bytes],
    begun: Begun,
    pages: Sequence[Check] = (),
) -> Batch:
    """The batch of one stage. `pages`: what the host itself asks: in a rehearsal, and if no verdict comes."""
    files = {
        **tools,
        "claims": listed(plan.claims),
        **numbered("steps", [step.script for step in steps]),
        "main": script("apply").encode(),
        "inherited": listed(plan.inherits),
        "adopted": listed(plan.adopted),
        "run.sh": _run(plan, seen, begun).encode(),
        "await.sh": script("await", limit=WAIT).encode(),
        "begun": runs.encode(begun),
        **_pages(pages, stage),
        "planned": transcript.encode((step.name, step.layer) for step in steps).encode(),
        **{f"{name}.sh": script(name).encode() for name in ("enter", "own", "disown", "forget", "paths", "undo")},
    }
    for step in steps:
        files |= step.payload
    return Batch({**files, **_handed_over(stage)}, CHANGE_LIMITS)


def _run(plan: Plan, seen: str, begun: Begun) -> str:
    names = ("maintenance/prune", "journal/prune", "run")
    return script(*names, seen=seen, owner=begun.by, playbook=plan.playbook, id=begun.id, most=runs.MOST)


def _pages(checks: Sequence[Check], stage: Stage) -> dict[str, bytes]:
    """Scripts that succeed if a page works, and keep its answer in SEEN; the first always does.

    The end of a name is the time limit in seconds. `rehearsed` has the names and ids of those that a rehearsal asks.
    """
    probes = [(check, check.probe) for check in checks if isinstance(check.probe, HostProbe)]
    names = {check.id: f"{number:03d}-{probe.limit}" for number, (check, probe) in enumerate(probes, 1)}
    asked = {
        f"pages/{names[check.id]}": f'{{ {probe.script}\n}} | tee "${{SEEN:-/dev/null}}" | {{ {probe.accept} }}\n'
        for check, probe in probes
    }
    tried = stage.rehearsal.pages if stage.rehearsal else frozenset()
    rehearsed = [f"{name} {id}" for id, name in names.items() if id in tried]
    return {
        "page.pl": program("page.pl").encode(),
        "rehearsed": listed(rehearsed),
        **{name: text.encode() for name, text in {"pages/000-1": ":\n", **asked}.items()},
    }


def _handed_over(stage: Stage) -> dict[str, bytes]:
    """The new files, and what validates and undoes them."""
    generation = stage.generation
    if not generation:
        return {}
    validators = {f"validators/{n:02d}-{v.layer}": v.command.encode() for n, v in enumerate(generation.validators)}
    seeds = [r for r in generation.resources if isinstance(r, File) and r.seed]
    return {
        **validators,
        **numbered("undo", [f"{_heading(step)}{step.undo}" for step in _undoable(stage)]),
        **numbered("again", [f"{_heading(step)}{_recorded(step).script}" for step in _undoable(stage)]),
        "manifest": listed(resource.key for resource in generation.resources),
        "seeds": listed(r.key for r in seeds),
        "vacant": listed(f"{r.key}\t{path}" for r in seeds for path in (r.path, r.unless) if path),
        "fresh": listed(generation.fresh),
        "deleted": listed(generation.deleted),
        "diverts": listed(r.path for r in generation.resources if isinstance(r, File) and r.divert),
        "stopped": listed(key for step in stage.leaving if step.undo for key in step.disowns),
        "generation.tar": generation.archive,
    }


def listed(items: Iterable[str]) -> bytes:
    return "".join(f"{item}\n" for item in items).encode()


def _undoable(stage: Stage) -> list[Step]:
    """The last step first: a unit that took another's ports releases them before that one starts."""
    return [step for step in reversed(stage.steps) if step.undo]


def _heading(step: Step) -> str:
    """Comments that name the units that a script is about: `# service:apache2.service web`."""
    keys = [key for key in (*step.owns, *step.disowns) if key.startswith("service:")]
    return "".join(f"# {key} {step.layer}\n" for key in keys)
