"""How far a run is: what its events come to, host by host and layer by layer. Data only."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field

from lampctl.checks import Result
from lampctl.outcome import Event

PHASES = {
    "connect": "connecting",
    "observe": "looking at the host",
    "apply": "applying",
    "check": "checking",
}


@dataclass
class Packages:
    """apt's own lines, counted: each package is fetched, unpacked and set up."""

    total: int = 0
    doing: str = ""
    done: dict[str, int] = field(default_factory=dict)

    _PLANNED = re.compile(r"(\d+) upgraded, (\d+) newly installed")
    _STEPS = {"Get:": "fetching", "Unpacking ": "unpacking", "Setting up ": "setting up"}

    def read(self, line: str) -> None:
        if planned := self._PLANNED.match(line):
            self.total += sum(map(int, planned.groups()))
            return
        doing = next((doing for start, doing in self._STEPS.items() if line.startswith(start)), "")
        if self.total and doing:  # what `apt-get update` gets comes before, and is no package
            self.doing = doing
            self.done[doing] = min(self.done.get(doing, 0) + 1, self.total)

    @property
    def text(self) -> str:
        """`unpacking 87 of 143`; empty where nothing is installed."""
        return f"{self.doing} {self.done[self.doing]} of {self.total}" if self.doing else ""

    @property
    def fraction(self) -> float:
        """0 to 1. What is in apt's cache is not fetched: so fetching is over when unpacking begins."""
        if not self.doing:
            return 0.0
        fetched = self.total if len(self.done.keys() - {"fetching"}) else self.done["fetching"]
        done = fetched + sum(number for doing, number in self.done.items() if doing != "fetching")
        return done / (self.total * len(self._STEPS))


@dataclass
class Layer:
    """One layer's steps. `seconds`: of those that have ended; `began`: when the one that runs did, else 0."""

    total: int = 0
    done: int = 0
    seconds: float = 0.0
    began: float = 0.0
    step: str = ""
    failed: bool = False
    packages: Packages = field(default_factory=Packages)

    def elapsed(self, now: float) -> float:
        return self.seconds + (now - self.began if self.began else 0.0)


@dataclass
class Host:
    """One host. Times are those of a monotonic clock."""

    name: str
    began: float = field(default_factory=time.monotonic)
    phase: str = ""
    step: str = ""  # `3 of 9`
    line: str = ""  # the last that a step printed
    layers: dict[str, Layer] = field(default_factory=dict)
    checks: dict[str, int] = field(default_factory=dict)  # while they run: how many each layer has
    results: list[Result] = field(default_factory=list)  # of those that have come back

    @property
    def running(self) -> Layer | None:
        return next((layer for layer in list(self.layers.values()) if layer.began), None)

    def read(self, event: Event, now: float) -> None:
        if event.result:
            self.results.append(event.result)
            return
        layer = self.layers.setdefault(event.layer, Layer()) if event.layer else Layer()
        match event.kind:
            case "phase":
                self.phase, self.step, self.line = PHASES.get(event.text, event.text), "", ""
                self.checks, self.results = {}, []
            case "steps":
                for name in event.text.split():
                    self.layers.setdefault(name, Layer()).total += 1
            case "checks":
                self.checks = dict(Counter(event.text.split()))
            case "step":
                self.step = f"{event.number} of {event.total}"
                layer.began, layer.step, self.line = now, event.text, ""
            case "line":
                self.line = event.text
                layer.packages.read(event.text)
            case "stepped":
                layer.seconds, layer.began = layer.elapsed(now), 0.0
                layer.done += 1
                layer.failed = not event.ok
                layer.packages = Packages()
