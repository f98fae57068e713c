"""Times commands one after the other in rounds, so that a busy machine slows all of them equally."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from lampctl.errors import LampctlError


@dataclass(frozen=True)
class Contender:
    """A command. `verdict` reads its stdout: returns what the command did, or raises LampctlError if it did not do the task."""

    name: str
    argv: Sequence[str]
    verdict: Callable[[str], str] = lambda _: ""

    def run(self) -> str:
        """Run it; returns its stdout. LampctlError if it fails."""
        done = subprocess.run(
            self.argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600
        )
        if done.returncode:
            evidence = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise LampctlError(f"{self.name} failed ({done.returncode})", shlex.join(self.argv), evidence=evidence)
        return done.stdout


@dataclass(frozen=True)
class Series:
    """One contender's seconds in each round, and the verdict of its last run."""

    contender: Contender
    seconds: Sequence[float]
    verdict: str

    @property
    def median(self) -> float:
        return median(self.seconds)

    def times(self, other: Series) -> float:
        """How many times as long as `other`: the median of the ratios in each round."""
        return median(mine / its for mine, its in zip(self.seconds, other.seconds, strict=True))


def alternate(contenders: Sequence[Contender], rounds: int, say: Callable[[str], None]) -> list[Series]:
    """Time all contenders; returns their series in the same order. The first one to run changes with each round."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    verdicts: dict[str, str] = {}
    for number in range(rounds):
        begin = number % len(contenders)
        for contender in (*contenders[begin:], *contenders[:begin]):
            began = time.perf_counter()
            output = contender.run()
            seconds[contender.name].append(time.perf_counter() - began)
            verdicts[contender.name] = contender.verdict(output)
        say(f"round {number + 1}/{rounds}")
    return [Series(one, seconds[one.name], verdicts[one.name]) for one in contenders]
