"""What the host writes during an apply, line by line, as typed events.

    @@steps JSON          the steps: [[name, layer], …]
    @@generation NUMBER   the generation that they make
    @@begin NUMBER        a step begins; they are counted from 000
    | TEXT                it printed a line
    @@end NUMBER CODE     it ended
    @@undone CODE         the previous files were restored, because a step failed
    @@done GENERATION     all steps are done
    @@stopped             it stops before the next step, because a person asked for it
    @@unseen              nobody checked it; the sites' pages answer, so it stays
    @@abandoned           nobody checked it, and a page does not answer, so the host rolls back

An apply that can't begin says why: @@locked OWNER, @@stale GENERATION, @@unwritable DIRECTORY.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from lampctl.answers import parse_array, parse_int, strings
from lampctl.journal.events import Event, Noted, Output, StepBegan, StepEnded, StepsPlanned

MOST_STEPS = 10_000
# What the host decides when nobody tells it a verdict.
_ALONE = {
    "@@unseen": "nobody checked what was applied; the sites' pages answer, so it stays: the next run proves it",
    "@@abandoned": "nobody checked what was applied, and a page fails: the host goes back to the previous files",
}


@dataclass
class Transcript:
    """Reads the lines of one apply. `emit` gets the events.

    Attributes:
        steps: (name, layer) of each; a transcript from a journal says itself which they are.
        step: Index of the last one that began, or -1.
        output: What it printed; what the run itself printed if it could not begin.
        undone: True: rolled back; False: the rollback failed.
        generation: What was made, once all steps are done.
    """

    host: str
    emit: Callable[[Event], None]
    steps: Sequence[tuple[str, str]] = ()
    step: int = -1
    output: list[str] = field(default_factory=list)
    failed: bool = False
    undone: bool | None = None
    making: str = ""
    generation: str = ""
    locked: str | None = None
    stale: bool = False
    stopped: bool = False
    unwritable: str = ""  # the directory of lampctl's state, where it can't be written

    def read(self, line: str) -> None:
        words = line.split(" ")
        match words:
            case ["@@begin", number] if (parse_int(number) or 0) < len(self.steps):
                self.step, self.output = parse_int(number) or 0, []
                self.emit(StepBegan(self.host, *self.steps[self.step], self.step + 1, len(self.steps)))
            case ["@@end", _, code] if self.step >= 0:
                self.failed = code != "0"
                step = self.steps[self.step]
                self.emit(StepEnded(self.host, *step, self.step + 1, len(self.steps), not self.failed))
            case ["@@undone", code]:
                self.undone = code == "0"
            case ["@@generation", generation]:
                self.making = generation
            case ["@@done", generation]:
                self.generation = generation
            case ["@@locked", *owner]:
                self.locked = " ".join(owner)
            case ["@@stale", *_]:
                self.stale = True
            case ["@@stopped"]:
                self.stopped = True
            case ["@@unwritable", path]:
                self.unwritable = path
            case ["|", *_] if not self.failed and self.step >= 0:
                self._output(line[2:])
            case _ if self.step < 0:  # the run itself could not begin
                self.output.append(line)

    def _output(self, text: str) -> None:
        self.output.append(text)
        if not text.startswith("lampctl-reason:"):
            self.emit(Output(self.host, text, self.steps[self.step][1]))


def replay(host: str, lines: Iterable[str], emit: Callable[[Event], None]) -> None:
    """The events of a run, from its log: one transcript for each of its stages."""
    transcript = Transcript(host, emit)
    for line in lines:
        if line.startswith("@@steps "):
            transcript = Transcript(host, emit, decode(line))
            emit(StepsPlanned(host, tuple(layer for _, layer in transcript.steps)))
        elif note := _ALONE.get(line):
            emit(Noted(host, note))
        else:
            transcript.read(line)


def encode(steps: Iterable[tuple[str, str]]) -> str:
    """The line that names the steps."""
    return f"@@steps {json.dumps([list(step) for step in steps], ensure_ascii=False)}\n"


def decode(line: str) -> list[tuple[str, str]]:
    """The steps that a line of the host's journal names."""
    found = parse_array(line.removeprefix("@@steps ")) or []
    pairs = (strings(step) for step in found[:MOST_STEPS])
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]
