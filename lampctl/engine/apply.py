"""Apply a plan: one batch, followed live. On the host it runs to its end even if the connection breaks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from lampctl.checks import Check, Evidence, Status, Verdict, failed
from lampctl.engine.script import batch, steps_of
from lampctl.engine.uploads import with_uploads
from lampctl.errors import ApplyFailed, Interrupted, LampctlError, Locked, locked
from lampctl.facts import Facts
from lampctl.journal.events import Event, StepsPlanned
from lampctl.journal.runs import Begun
from lampctl.journal.transcript import Transcript
from lampctl.planning import Generation, Plan, Stage
from lampctl.resources import Step
from lampctl.resources.kind import States
from lampctl.ssh import Session, Transport, as_root

_KEPT_LINES = 15  # of a failed step's output
_OF_A_TRACE = re.compile(r"\s*(#\d+ |at .*:\d+(:\d+)?\)?$)")  # of PHP; of Node and Java


class Applying:
    """One apply on one host. `emit` shows events."""

    def __init__(
        self,
        transport: Transport,
        emit: Callable[[Event], None],
        tools: Mapping[str, bytes],
        begun: Begun,
    ) -> None:
        self._tools = tools  # files that steps may run
        self._transport = transport
        self._host = transport.host
        self._emit = emit
        self._begun = begun
        self.began = False  # has a step begun?
        self.generation = ""  # the one that it made
        self.unfit: tuple[Check, Verdict] | None = None  # what failed in the rehearsal, and how
        self._session: Session | None = None

    def apply(self, plan: Plan, stage: Stage, seen: str, pages: Sequence[Check] = ()) -> str:
        """Makes a stage's changes on a host of generation `seen`, and returns the new generation.

        `pages` have to work in a rehearsal, and decide what becomes of it if no verdict comes. ApplyFailed names the
        step that failed and why.
        """
        steps = with_uploads(self._transport, steps_of(stage), self._emit)
        session = self._session = self._transport.start(
            batch(plan, stage, seen, steps, self._tools, self._begun, pages)
        )
        transcript = Transcript(self._host, self._emit, [(step.name, step.layer) for step in steps])
        self._emit(StepsPlanned(self._host, tuple(step.layer for step in steps)))
        for line in as_root(self._transport, session):
            transcript.read(line)
            self.began |= transcript.step >= 0
            self.generation = transcript.making
        self._session = None
        session.finish()
        if transcript.generation:
            return transcript.generation
        error = self._error(stage, steps, transcript)
        if error.kind == "check":
            self.unfit = _unfit(pages, transcript, error)
        raise error

    def stop(self) -> None:
        """Ask the host to stop after its current step, and to undo what is half made. Called from another thread."""
        if session := self._session:
            session.proceed()

    def _error(self, stage: Stage, steps: list[Step], progress: Transcript) -> LampctlError:
        if progress.locked is not None:
            return locked(self._host, progress.locked)
        if progress.stale:
            return Locked(
                f"{self._host}: another run changed the host while this one was being planned; nothing was done",
                "rerun it",
                kind="stale-plan",
            )
        if progress.unwritable:
            return ApplyFailed(
                f"{self._host}: {progress.unwritable} can't be written; nothing was done",
                f"free space on its file system: df {progress.unwritable}",
                kind="disk-full",
            )
        if progress.stopped:
            return stopped(self._host, progress.undone)
        if not progress.failed or progress.step < 0:
            evidence = _end(progress.output)
            message = f"{self._host}: the run on the host ended early"
            return ApplyFailed(message, "rerun it: the deploy resumes", kind="died", evidence=evidence)
        return _failed(self._host, stage, steps[progress.step], progress)


def _unfit(pages: Sequence[Check], progress: Transcript, error: LampctlError) -> tuple[Check, Verdict] | None:
    """The page that failed in the rehearsal, in the words of its check, which the error gets too."""
    subject = _subject(_reason(progress))
    for check in pages:
        if check.id == subject:
            rows = "\n".join(line for line in progress.output if line.startswith(("page\t", "log\t")))
            found = check.judge(Evidence(rows, Facts(""), States()))
            if found.status is not Status.FAIL:
                found = failed("fails with the new files", error.evidence, error.hint)
            error.evidence, error.hint = f"{found.actual}\n{found.evidence}".strip(), found.hint or error.hint
            return check, found
    return None


def stopped(host: str, undone: bool | None) -> Interrupted:
    """A person stopped the run. `undone`: are the previous files loaded again; None: no file had changed."""
    state = {
        True: "the previous files are back",
        False: "the previous files could not be loaded",
        None: "no file had changed",
    }
    return Interrupted(f"{host}: stopped, as you asked; {state[undone]}", "rerun it: the deploy resumes")


def _failed(host: str, stage: Stage, step: Step, progress: Transcript) -> ApplyFailed:
    reason = _reason(progress)
    output = [line for line in progress.output if not line.startswith("lampctl-reason:")]
    message, hint = _REASONS.get(reason[0], ("{step} failed", "the evidence is the end of its output"))
    origin = _origin(stage.generation, output) if stage.generation and reason[0] in _OF_FILES else ""
    undone = {
        True: "; rolled back to the previous files",
        False: "; and the previous files could not be loaded",
        None: "",
    }
    layer = _subject(reason) or step.layer
    return ApplyFailed(
        f"{host}: {message.format(step=step.name, layer=layer)}{undone[progress.undone]}",
        origin or hint,
        kind=reason[0],
        evidence=_end(output),
    )


def _end(output: Sequence[str]) -> str:
    """The last lines of an output, without those of stack traces, which would leave no room for the message."""
    return "\n".join([line for line in output if not _OF_A_TRACE.match(line)][-_KEPT_LINES:])


def _reason(progress: Transcript) -> list[str]:
    """The words of the first `lampctl-reason: WORD [NUMBER-SUBJECT]`: logs follow it, which tenants write into."""
    found = [line.split(": ", 1)[1] for line in progress.output if line.startswith("lampctl-reason: ")]
    return found[0].split() if found else ["step"]


def _subject(reason: list[str]) -> str:
    return reason[1].partition("-")[2] if len(reason) > 1 else ""


# A step's `lampctl-reason: WORD` → (message, hint).
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
        "the host's archives do not have every package; nothing was changed",
        "name the archive that has it: linux: {repositories: {NAME: {url: …, suite: …, key: …}}}",
    ),
    "removes": (
        "apt would have to remove other packages to install these; nothing was changed",
        "packages of another archive conflict with what is installed: apt-get install NAME shows which",
    ),
    "invalid": (
        "the {layer} layer's new files are not valid; nothing was changed",
        "fix the value or template that the evidence names",
    ),
    "check": (
        "{layer} fails with the new files, which were tried beside what serves; nothing was changed",
        "fix the release, or the value or template of a file, that lampctl plan shows",
    ),
    "redirected": (
        "{step}: another user could redirect root to a different file; nothing was changed",
        "check the path in the evidence; remove it, or give the directory to root: chown root: DIRECTORY",
    ),
    "packaged": (
        "a package that was just installed has a file in the place of one of lampctl's; nothing was replaced",
        "deploy again: then the plan shows both",
    ),
    "no-directory": (
        "a document root below /usr/share does not exist, and only packages make one; no file was changed",
        "name the package that has it: linux: {packages: [NAME]}",
    ),
    "unloadable": (
        "{step}: the config on disk is not valid; the service keeps running with the config it has loaded",
        "fix or remove the file that the evidence names: lampctl did not write it",
    ),
    "build": ("{step} could not be built; what is served is untouched", "the evidence is the end of what it printed"),
    "hook": ("{step} failed", "the evidence is the end of what it printed"),
    "parts": (
        "{step}: files of an earlier release have changed or gone meanwhile; what is served is untouched",
        "rerun it: what the host no longer has is uploaded",
    ),
    "release": ("{step} is not usable; what is served is untouched", "the evidence says why"),
    "service": ("{step} failed", "the evidence is the unit's last log lines"),
}


_OF_FILES = ("invalid", "unloadable", "service")  # a server reports a file that it read


def _origin(generation: Generation, output: list[str]) -> str:
    """The template of the file that a server reports, as a hint."""
    text = "\n".join(output)
    for path, template in generation.templates.items():
        if path in text:
            return f"{path} is rendered from templates/{template}: fix it, or the value that it renders"
    return ""
