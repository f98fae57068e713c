"""The results as a table."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.measure import Series


@dataclass(frozen=True)
class Aim:
    """`slow` should take at most, or at least, `limit` times as long as `fast`; 0: no aim."""

    slow: str
    fast: str
    sign: str = ""
    limit: float = 0.0

    def verdict(self, ratio: float) -> str:
        if not self.limit:
            return ""
        met = ratio <= self.limit if self.sign == "≤" else ratio >= self.limit
        return f"aim {self.sign} {self.limit:g}: {'met' if met else 'MISSED'}"


def table(series: Sequence[Series], aims: Sequence[Aim], versions: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of the table."""
    by_name = {one.contender.name: one for one in series}
    width = max(len(f"{aim.slow} / {aim.fast}") for aim in aims)
    yield f"{'':<{width}}  median    fastest … slowest, of {len(series[0].seconds)} rounds, alternated"
    for name, one in by_name.items():
        spread = f"{min(one.seconds):.3f} … {max(one.seconds):.3f} s"
        yield f"{name:<{width}}  {one.median:.3f} s   {spread}   {one.verdict}".rstrip()
    yield ""
    yield f"{'':<{width}}  median of the rounds' own ratios"
    for aim in aims:
        ratio = by_name[aim.slow].times(by_name[aim.fast])
        yield f"{aim.slow + ' / ' + aim.fast:<{width}}  {ratio:5.2f} ×   {aim.verdict(ratio)}".rstrip()
    yield ""
    yield ", ".join(f"{name} {version}" for name, version in versions.items())
    for one in series:
        yield f"$ {shlex.join(one.contender.argv)}"
