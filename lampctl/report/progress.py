"""The progress of a run, from its events: for each host and layer. Data only."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field

from lampctl.checks import Result
from lampctl.journal.events import (
    CheckDone,
    ChecksPlanned,
    Event,
    Output,
    PhaseBegan,
    StepBegan,
    StepEnded,
    StepsPlanned,
)

PHASES = {
    "connect": "connecting",
    "observe": "observing",
    "apply": "applying",
    "check": "checking",
}


@dataclass
class Packages:
    """apt's progress, counted from its output: each package is fetched, unpacked and set up."""

    total: int = 0
    stage: str = ""
    done: dict[str, int] = field(default_factory=dict)

    _PLANNED = re.compile(r"(\d+) upgraded, (\d+) newly installed")
    _STEPS = {"Get:": "fetching", "Unpacking ": "unpacking", "Setting up ": "setting up"}

    def read(self, line: str) -> None:
        if planned := self._PLANNED.match(line):
            self.total += sum(map(int, planned.groups()))
            return
        stage = next((stage for start, stage in self._STEPS.items() if line.startswith(start)), "")
        if self.total and stage:  # before that, `apt-get update` fetches lists, not packages
            self.stage = stage
            self.done[stage] = min(self.done.get(stage, 0) + 1, self.total)

    @property
    def text(self) -> str:
        """`unpacking 87 of 143`; empty if nothing is installed."""
        return f"{self.stage} {self.done[self.stage]} of {self.total}" if self.stage else ""

    @property
    def fraction(self) -> float:
        """0 to 1. Cached packages are not fetched, so fetching is complete when unpacking begins."""
        if not self.stage:
            return 0.0
        fetched = self.total if len(self.done.keys() - {"fetching"}) else self.done["fetching"]
        done = fetched + sum(number for stage, number in self.done.items() if stage != "fetching")
        return done / (self.total * len(self._STEPS))


@dataclass
class Layer:
    """The steps of one layer. `seconds`: of ended steps; `began`: when the running step began, else 0."""

    total: int = 0
    done: int = 0
    seconds: float = 0.0
    began: float = 0.0
    step: str = ""
    failed: bool = False
    packages: Packages = field(default_factory=Packages)

    def begin(self, step: str, now: float) -> None:
        self.began, self.step = now, step

    def end(self, ok: bool, now: float) -> None:
        self.seconds, self.began = self.elapsed(now), 0.0
        self.done += 1
        self.failed = not ok
        self.packages = Packages()

    def elapsed(self, now: float) -> float:
        return self.seconds + (now - self.began if self.began else 0.0)


@dataclass
class Host:
    """One host. Times are of a monotonic clock."""

    name: str
    began: float = field(default_factory=time.monotonic)
    phase: str = ""
    step: str = ""  # `3 of 9`
    line: str = ""  # the last line that a step printed
    layers: dict[str, Layer] = field(default_factory=dict)
    checks: dict[str, int] = field(default_factory=dict)  # while they run: layer → the number of its checks
    results: list[Result] = field(default_factory=list)  # so far

    @property
    def running(self) -> Layer | None:
        return next((layer for layer in list(self.layers.values()) if layer.began), None)

    def read(self, event: Event, now: float) -> None:
        match event:
            case PhaseBegan(_, phase):
                self.phase, self.step, self.line = PHASES.get(phase, phase), "", ""
                self.checks, self.results = {}, []
            case StepsPlanned(_, layers):
                for name in layers:
                    self._layer(name).total += 1
            case StepBegan(_, step, name, number, total):
                self.step, self.line = f"{number} of {total}", ""
                self._layer(name).begin(step, now)
            case Output(_, line, name):
                self.line = line
                self._layer(name).packages.read(line)
            case StepEnded():
                self._layer(event.layer).end(event.ok, now)
            case ChecksPlanned(_, layers):
                self.checks = dict(Counter(layers))
            case CheckDone(_, result):
                self.results.append(result)

    def _layer(self, name: str) -> Layer:
        return self.layers.setdefault(name, Layer())
