"""Applying a plan: one batch, followed live; on the host it goes on to its end even if we don't."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lampctl.answers import whole
from lampctl.engine.script import batch, listed, steps_of
from lampctl.errors import ApplyFailed, LampctlError, Locked
from lampctl.journal.events import Event, Output, StepBegan, StepEnded, StepsPlanned
from lampctl.planning import Generation, Plan, Stage
from lampctl.resources import Step
from lampctl.resources.shell import script
from lampctl.ssh import Batch, Transport, as_root
from lampctl.ssh.limits import WORK

_KEPT_LINES = 15  # of a failed step's output


@dataclass
class _Progress:
    """What the host's events say so far."""

    step: int = -1
    output: list[str] = field(default_factory=list)
    failed: bool = False
    undone: bool | None = None  # True: put back; False: could not be put back
    generation: str = ""
    locked: str | None = None
    stale: bool = False
    unwritable: str = ""  # the directory of lampctl's state, where it can't be written


class Applying:
    """One apply on one host. `emit` shows events."""

    def __init__(
        self,
        transport: Transport,
        emit: Callable[[Event], None],
        tools: Mapping[str, bytes],
    ) -> None:
        self._tools = tools  # files that steps may run
        self._transport = transport
        self._host = transport.host
        self._emit = emit

    def apply(self, plan: Plan, stage: Stage, seen: str) -> str:
        """Makes a stage's changes on a host of generation `seen`, and returns the new generation.

        ApplyFailed names the step that failed and why.
        """
        steps = steps_of(stage)
        session = self._transport.start(batch(plan, stage, seen, steps, self._tools))
        progress = _Progress()
        self._emit(StepsPlanned(self._host, tuple(step.layer for step in steps)))
        for line in as_root(self._transport, session):
            self._read(line, steps, progress)
        session.finish()
        if progress.generation:
            return progress.generation
        raise self._error(stage, steps, progress)

    def prove(self, generation: str, passed: Mapping[str, str]) -> None:
        """Marks a generation as proved; `passed`: the id and the question of each check that passed."""
        self._settle(generation, "proved", listed(f"{id} {question}" for id, question in passed.items()))

    def undo(self, generation: str) -> bool:
        """Puts back what a generation replaced. Says whether that is back and loaded."""
        return "@@undone 0" in self._settle(generation, "undo", b"")

    def _settle(self, generation: str, verdict: str, passed: bytes) -> list[str]:
        main = script("settle", generation=generation, verdict=verdict).encode()
        session = self._transport.start(Batch({"main": main, "passed": passed}, WORK))
        lines = list(as_root(self._transport, session))
        session.finish()
        if "@@overtaken" in lines and verdict == "undo":
            raise Locked(
                f"{self._host}: another run changed the host while this one was being checked; nothing was put back",
                "run it again",
                kind="overtaken",
            )
        return lines

    def _read(self, line: str, steps: list[Step], progress: _Progress) -> None:
        words = line.split(" ")
        match words:
            case ["@@begin", number] if (whole(number) or 0) < len(steps):
                progress.step, progress.output = whole(number) or 0, []
                step = steps[progress.step]
                self._emit(StepBegan(self._host, step.name, step.layer, progress.step + 1, len(steps)))
            case ["@@end", _, code] if progress.step >= 0:
                progress.failed = code != "0"
                step, ok = steps[progress.step], not progress.failed
                self._emit(StepEnded(self._host, step.name, step.layer, progress.step + 1, len(steps), ok))
            case ["@@undone", code]:
                progress.undone = code == "0"
            case ["@@done", generation]:
                progress.generation = generation
            case ["@@locked", *owner]:
                progress.locked = " ".join(owner)
            case ["@@stale", *_]:
                progress.stale = True
            case ["@@unwritable", path]:
                progress.unwritable = path
            case ["|", *_] if not progress.failed and progress.step >= 0:
                text = line[2:]
                progress.output.append(text)
                if not text.startswith("lampctl-reason:"):
                    self._emit(Output(self._host, text, steps[progress.step].layer))
            case _ if progress.step < 0:  # the run itself could not begin
                progress.output.append(line)

    def _error(self, stage: Stage, steps: list[Step], progress: _Progress) -> LampctlError:
        if progress.locked is not None:
            return locked(self._host, progress.locked)
        if progress.stale:
            return Locked(
                f"{self._host}: another run changed the host while this one was being planned; nothing was done",
                "run it again",
                kind="stale-plan",
            )
        if progress.unwritable:
            return ApplyFailed(
                f"{self._host}: {progress.unwritable} can't be written; nothing was done",
                f"free space on its file system: df {progress.unwritable}",
                kind="disk-full",
            )
        if not progress.failed or progress.step < 0:
            evidence = "\n".join(progress.output[-_KEPT_LINES:])
            message = f"{self._host}: the run on the host ended early"
            return ApplyFailed(message, "run it again: it heals", kind="died", evidence=evidence)
        return _failed(self._host, stage, steps[progress.step], progress)


def locked(host: str, owner: str) -> Locked:
    return Locked(
        f"{host}: another run holds the lock: {owner or 'unknown'}",
        "wait until it ends; the lock ends with it, even if it is killed",
    )


def _failed(host: str, stage: Stage, step: Step, progress: _Progress) -> ApplyFailed:
    reasons = [line.split(": ", 1)[1] for line in progress.output if line.startswith("lampctl-reason: ")]
    reason = reasons[-1].split() if reasons else ["step"]
    output = [line for line in progress.output if not line.startswith("lampctl-reason:")]
    message, hint = _REASONS.get(reason[0], ("{step} failed", "the evidence is the end of its output"))
    origin = _origin(stage.generation, output) if stage.generation and reason[0] in _OF_FILES else ""
    undone = {
        True: "; the former files are back and loaded",
        False: "; and the former files could not be loaded",
        None: "",
    }
    layer = reason[1].partition("-")[2] if len(reason) > 1 else step.layer
    return ApplyFailed(
        f"{host}: {message.format(step=step.name, layer=layer)}{undone[progress.undone]}",
        origin or hint,
        kind=reason[0],
        evidence="\n".join(output[-_KEPT_LINES:]),
    )


# What a step says with `lampctl-reason: WORD` → (message, hint).
_REASONS = {
    "apt-lock": (
        "apt is held by another program; nothing was changed",
        "wait for it to end; --timeout waits longer",
    ),
    "apt-archive": (
        "the package archive can't be reached or read; nothing was changed",
        "check the host's network, DNS and /etc/apt/sources.list*: apt-get update",
    ),
    "no-package": (
        "the archives that the host knows do not have every package; nothing was changed",
        "name the archive that has it: linux: {repositories: {NAME: {url: …, suite: …, key: …}}}",
    ),
    "removes": (
        "apt would have to remove packages to install these; nothing was changed",
        "another archive's packages exclude what is installed: apt-get install NAME shows which",
    ),
    "invalid": (
        "the {layer} layer's new files are not valid; nothing was changed",
        "mend the value or template that the evidence names",
    ),
    "redirected": (
        "{step}: somebody else than root could lead root to another file; nothing was changed",
        "see what the evidence names; remove it, or give the directory back to root: chown root: DIRECTORY",
    ),
    "unloadable": (
        "{step}: the config on disk is not valid; what runs goes on with what it has loaded",
        "mend or remove what the evidence names: lampctl did not write it",
    ),
    "service": ("{step} failed", "the evidence is what the unit said last"),
}


_OF_FILES = ("invalid", "unloadable", "service")  # a server complains of what it read


def _origin(generation: Generation, output: list[str]) -> str:
    """Which template wrote the file that a server complains of."""
    text = "\n".join(output)
    for path, template in generation.templates.items():
        if path in text:
            return f"{path} is rendered from templates/{template}: mend it, or the value that it renders"
    return ""
