"""Prometheus' text format, as node_exporter's textfile collector reads it.

Unknown results have no sample, so that no alert treats them as broken; absent() finds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from lampctl.checks import Result, Status
from lampctl.errors import Unreachable
from lampctl.outcome import Outcome
from lampctl.report.document import Report

Sample = tuple[Mapping[str, str], float]
_UP = {Status.PASS: 1.0, Status.FAIL: 0.0, Status.BLOCKED: 0.0}


def render(report: Report) -> str:
    command = {"command": report.command}
    results = [(o.host, result) for o in report.outcomes for result in o.results]
    known = [(host, result) for host, result in results if result.status in _UP]
    timed = [(host, result) for host, result in known if result.ms]
    hosts = report.outcomes
    families = [
        _gauge("run_timestamp_seconds", "When the run ended.", [(command, report.time)]),
        _gauge("run_success", "No error, and no check fails on any host.", [(command, float(report.ok))]),
        _gauge("host_up", "The host was reached.", [(_host(o), float(_reached(o))) for o in hosts]),
        _gauge("host_success", "No error, and no check fails.", [(_host(o), float(o.ok)) for o in hosts]),
        _gauge("host_changes", "Changes that were planned or applied.", [(_host(o), len(o.changes)) for o in hosts]),
        _gauge("host_checks", "Checks by status.", [s for o in hosts for s in _counts(o)]),
        _gauge("phase_duration_seconds", "How long a phase of the run took.", [s for o in hosts for s in _phases(o)]),
        _gauge("check_up", "The hop works.", [(_check(h, r), _UP[r.status]) for h, r in known]),
        _gauge("check_duration_seconds", "How long the probe took.", [(_check(h, r), r.ms / 1000) for h, r in timed]),
    ]
    return "".join(families)


def _gauge(name: str, help: str, samples: Iterable[Sample]) -> str:
    lines = [f"lampctl_{name}{{{_labels(labels)}}} {_number(value)}\n" for labels, value in samples]
    return "".join([f"# HELP lampctl_{name} {help}\n# TYPE lampctl_{name} gauge\n", *lines]) if lines else ""


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _host(outcome: Outcome) -> dict[str, str]:
    return {"host": outcome.host}


def _check(host: str, result: Result) -> dict[str, str]:
    return {"host": host, "check": result.id, "layer": result.layer, "where": str(result.where)}


def _reached(outcome: Outcome) -> bool:
    return not isinstance(outcome.error, Unreachable)


def _counts(outcome: Outcome) -> list[Sample]:
    if not outcome.results:
        return []
    found = Counter(result.status for result in outcome.results)
    return [({**_host(outcome), "status": str(status)}, found[status]) for status in Status]


def _phases(outcome: Outcome) -> list[Sample]:
    return [({**_host(outcome), "phase": name}, seconds) for name, seconds in outcome.timings.items()]
