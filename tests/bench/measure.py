"""Commands, timed one after the other in rounds, so that a machine that is busy for a while slows all of them."""

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
    """A command. `verdict` reads its stdout: what the command did, or a LampctlError if that was not the task."""

    name: str
    argv: Sequence[str]
    verdict: Callable[[str], str] = lambda _: ""

    def run(self) -> str:
        """Its stdout; LampctlError where it fails."""
        done = subprocess.run(
            self.argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600
        )
        if done.returncode:
            evidence = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise LampctlError(f"{self.name} failed ({done.returncode})", shlex.join(self.argv), evidence=evidence)
        return done.stdout


@dataclass(frozen=True)
class Series:
    """One contender's seconds, a round each, and what its last run said."""

    contender: Contender
    seconds: Sequence[float]
    verdict: str

    @property
    def median(self) -> float:
        return median(self.seconds)

    def times(self, other: Series) -> float:
        """How many times as long as `other`: the median of the rounds' own ratios."""
        return median(mine / its for mine, its in zip(self.seconds, other.seconds, strict=True))


def alternate(contenders: Sequence[Contender], rounds: int, say: Callable[[str], None]) -> list[Series]:
    """The series, in the order of `contenders`. Who begins changes from round to round."""
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
