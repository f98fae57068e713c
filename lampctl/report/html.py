"""One self-contained page, from page.html.j2 beside this file: no scripts, nothing from the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lampctl import __version__
from lampctl.checks import Result, Status, culprit
from lampctl.legible import legible
from lampctl.outcome import Outcome
from lampctl.report.document import Report

# status → (mark, word, class), the worst first: a layer has the worst status of its checks
_STATUSES = {
    Status.FAIL: ("✗", "broken", "bad"),
    Status.BLOCKED: ("·", "blocked", "held"),
    Status.UNKNOWN: ("?", "unknown", "held"),
    Status.PASS: ("✓", "works", "good"),
    Status.SKIPPED: ("–", "skipped", "held"),
}
_LINE_CLASSES = {"+": "add", "-": "del", "@": "hunk"}


@dataclass(frozen=True)
class _Layer:
    """The checks of one layer, and their common status."""

    name: str
    results: Sequence[Result]

    @property
    def status(self) -> Status:
        statuses = {result.status for result in self.results}
        return next(status for status in _STATUSES if status in statuses)

    @property
    def count(self) -> str:
        passed = sum(result.status is Status.PASS for result in self.results)
        return f"{passed} of {len(self.results)} pass"


def render(report: Report) -> str:
    page = _template().render(
        report=report,
        version=__version__,
        at=datetime.fromtimestamp(report.time, UTC),
        statuses=_STATUSES,
        verdict=_verdict(report),
        summary=_summary,
        state=_state,
        layers=_layers,
        culprit=culprit,
        lines=_lines,
        shares=_shares,
    )
    return legible(page)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("lampctl.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2")


def _verdict(report: Report) -> str:
    if report.error:
        return "ended before any host was contacted"
    if len(report.outcomes) == 1:
        return f"{report.outcomes[0].host}: {_summary(report.outcomes[0])}"
    return f"{sum(outcome.ok for outcome in report.outcomes)} of {len(report.outcomes)} passed"


def _state(outcome: Outcome) -> str:
    good = "planned" if outcome.command == "plan" else "passed"
    return good if outcome.ok else "broken"


def _summary(outcome: Outcome) -> str:
    """Summarize a host in a few words."""
    passed = sum(result.status is Status.PASS for result in outcome.results)
    checks = f"{passed} of {len(outcome.results)} checks pass" if outcome.results else ""
    changes = f"{len(outcome.changes)} {'changed' if outcome.applied else 'to change'}" if outcome.changes else ""
    if outcome.command in ("plan", "deploy") and not outcome.changes and not outcome.error:
        changes = "nothing to change"
    return ", ".join(part for part in ("failed" if outcome.error else "", changes, checks) if part)


def _layers(outcome: Outcome) -> list[_Layer]:
    """Layers in the chain's order; one may occur twice, such as TLS, which is checked again after the web server."""
    return [_Layer(name, list(results)) for name, results in groupby(outcome.results, lambda result: result.layer)]


def _lines(diff: str) -> list[tuple[str, str]]:
    """(class, text) of each line."""
    return [(_LINE_CLASSES.get(line[:1], ""), line) for line in diff.splitlines()]


def _shares(timings: Mapping[str, float]) -> list[tuple[str, float, float]]:
    """(phase, seconds, percent of the longest)."""
    longest = max(timings.values(), default=0) or 1
    return [(name, seconds, 100 * seconds / longest) for name, seconds in timings.items()]
