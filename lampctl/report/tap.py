"""TAP 14 (testanything.org): one line for each check, with its diagnostics as YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lampctl.checks import Result, Status
from lampctl.errors import LampctlError
from lampctl.outcome import Outcome
from lampctl.report.document import Report


def render(report: Report) -> str:
    points = [point for outcome in report.outcomes for point in _points(report.command, outcome)]
    lines = ["TAP version 14"]
    if report.error:
        lines.append(f"Bail out! {_escape(report.error.message)}")
    else:
        lines.append(f"1..{len(points)}")
    for number, (ok, text, diagnostics) in enumerate(points, 1):
        lines.append(f"{'ok' if ok else 'not ok'} {number} - {text}")
        lines += _yaml(diagnostics)
    return "\n".join(lines) + "\n"


# (ok, description with its directive, diagnostics)
_Point = tuple[bool, str, Mapping[str, object]]


def _points(command: str, outcome: Outcome) -> Iterator[_Point]:
    for result in outcome.results:
        yield _point(outcome.host, result)
    if outcome.error:
        yield False, f"{_escape(outcome.host)}: {command}", _error(outcome.error)
    elif not outcome.results:
        yield True, f"{_escape(outcome.host)}: {command}, {len(outcome.changes)} to change", {}


def _point(host: str, result: Result) -> _Point:
    """Unknown and blocked checks are `SKIP` in TAP: they say nothing about the hop."""
    text = f"{_escape(host)}: {_escape(result.id)}"
    if result.status is Status.PASS:
        return True, f"{text} - {_escape(result.actual)}", _duration(result)
    if result.status is Status.BLOCKED:
        return True, f"{text} # SKIP blocked: {_escape(result.actual)}", {}
    diagnostics = {
        "status": str(result.status),
        "layer": result.layer,
        "where": str(result.where),
        "expected": result.expected,
        "actual": result.actual,
        "evidence": result.evidence,
        "hint": result.hint,
        **_duration(result),
    }
    if result.status is Status.FAIL:
        return False, f"{text} - {_escape(result.actual)}", diagnostics
    return True, f"{text} # SKIP {result.status}: {_escape(result.actual)}", diagnostics


def _duration(result: Result) -> dict[str, object]:
    return {"duration_ms": round(result.ms, 1)} if result.ms else {}


def _error(error: LampctlError) -> Mapping[str, object]:
    return {"message": error.message, "kind": error.kind, "evidence": error.evidence, "hint": error.hint}


def _escape(text: str) -> str:
    """Put the text on one line, with `#` escaped: it would begin a directive."""
    return " ".join(text.replace("\\", "\\\\").replace("#", "\\#").split())


def _yaml(diagnostics: Mapping[str, object]) -> list[str]:
    if not diagnostics:
        return []
    import yaml

    class Dumper(yaml.SafeDumper):
        """Keeps the lines of long text."""

    Dumper.add_representer(
        str, lambda d, text: d.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
    )
    present = {key: value for key, value in diagnostics.items() if value != ""}
    text = yaml.dump(present, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return ["  ---", *(f"  {line}" for line in text.rstrip("\n").split("\n")), "  ..."]
