"""The output of a Nagios plugin: a status line with performance data, then the details."""

from __future__ import annotations

from collections.abc import Iterator

from lampctl.checks import Result, Status, culprit
from lampctl.outcome import Outcome, health
from lampctl.report.document import Report

_STATES = {Status.PASS: "OK", Status.FAIL: "CRITICAL"}


def render(report: Report) -> str:
    state = health(report.outcomes, report.error)
    if report.error:
        return f"LAMPCTL {state.name} - {_plain(report.error.message)}\n{_hint(report.error.hint)}"
    summary = "; ".join(_host_summary(outcome) for outcome in report.outcomes if health([outcome]) is state)
    lines = [f"LAMPCTL {state.name} - {summary} | {' '.join(_performance(report))}"]
    for outcome in report.outcomes:
        lines += _long_output(outcome)
    return "\n".join(lines) + "\n"


def _host_summary(outcome: Outcome) -> str:
    """Summarize a host in a few words: its failure, if any."""
    host = _plain(outcome.host)
    if outcome.error:
        return _plain(outcome.error.message)
    if first := culprit(outcome.results):
        return f"{host}: {_plain(first.id)}: {_plain(first.actual)}"
    if outcome.command == "plan":
        return f"{host}: {len(outcome.changes)} to change"
    passed = sum(result.status is Status.PASS for result in outcome.results)
    return f"{host}: {passed} of {len(outcome.results)} checks pass"


def _performance(report: Report) -> Iterator[str]:
    """'label'=value[unit];warn;crit;min;max: counts and seconds of the run, then milliseconds of each check."""
    several = len(report.outcomes) > 1
    for outcome in report.outcomes:
        prefix = f"{_plain(outcome.host)} " if several else ""
        total = len(outcome.results)
        for status in (Status.PASS, Status.FAIL, Status.UNKNOWN):
            count = sum(result.status is status for result in outcome.results)
            yield f"{_label(f'{prefix}{status}')}={count};;;0;{total}"
        yield f"{_label(f'{prefix}time')}={sum(outcome.timings.values()):.3f}s;;;0"
        for result in outcome.results:
            if result.ms:
                yield f"{_label(f'{prefix}{_plain(result.id)}')}={result.ms:.1f}ms;;;0"


def _label(text: str) -> str:
    return "'" + text.replace("'", "''").replace("=", "_") + "'"


def _long_output(outcome: Outcome) -> Iterator[str]:
    host = _plain(outcome.host)
    for result in outcome.results:
        yield f"[{_STATES.get(result.status, str(result.status).upper())}] {host}: {result.id}: {_plain(result.actual)}"
        if result.status is not Status.PASS:
            yield from _details(result)
    if outcome.error:
        yield f"[ERROR] {_plain(outcome.error.message)}"
        yield from (f"    {_plain(line)}" for line in outcome.error.evidence.splitlines())
        yield from (f"    {line}" for line in _hint(outcome.error.hint).splitlines())


def _details(result: Result) -> Iterator[str]:
    yield from (f"    {_plain(line)}" for line in result.evidence.splitlines())
    yield from (f"    {line}" for line in _hint(result.hint).splitlines())


def _hint(text: str) -> str:
    return f"-> {_plain(text)}\n" if text else ""


def _plain(text: str) -> str:
    """Put the text on one line, without `|`, which begins performance data."""
    return " ".join(text.replace("|", "/").split())
