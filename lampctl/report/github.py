"""GitHub's workflow commands: an annotation for each failure, at the playbook's line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lampctl.checks import Result, Status
from lampctl.errors import LampctlError
from lampctl.outcome import Outcome
from lampctl.report.document import Report

# Each line of a message about a playbook begins with its place in the file, as in a compiler's messages.
_PLACE = re.compile(r"^(?P<file>[^\s:]+\.ya?ml):(?P<line>[0-9]+): ", re.MULTILINE)
_LEVELS = {Status.FAIL: "error", Status.UNKNOWN: "warning"}


def render(report: Report) -> str:
    lines = list(_annotate_error(report.error)) if report.error else []
    for outcome in report.outcomes:
        lines += _outcome(report, outcome)
    return "".join(f"{line}\n" for line in lines)


def _outcome(report: Report, outcome: Outcome) -> Iterator[str]:
    """Blocked checks are left out: the culprit is the reason."""
    for result in outcome.results:
        if level := _LEVELS.get(result.status):
            title = f"{outcome.host}: {result.id}"
            yield _command(level, title, _result_text(result), report.place(result))
    if outcome.error:
        yield _command("error", outcome.host, _error_text(outcome.error), report.place(None))


def _result_text(result: Result) -> str:
    hint = f"→ {result.hint}" if result.hint else ""
    parts = (result.actual, f"expected: {result.expected}", result.evidence, hint)
    return "\n".join(part for part in parts if part)


def _error_text(error: LampctlError) -> str:
    return "\n".join(part for part in (error.message, error.evidence, error.hint and f"→ {error.hint}") if part)


def _annotate_error(error: LampctlError) -> Iterator[str]:
    """Annotate each place that an error names; if it names none, write one annotation without a place."""
    lines = error.message.splitlines()
    located = [(match, line[match.end() :]) for line in lines if (match := _PLACE.match(line))]
    for match, text in located:
        hint = f"\n→ {error.hint}" if error.hint else ""
        yield _command("error", "lampctl", text + hint, (match["file"], int(match["line"])))
    if not located:
        yield _command("error", "lampctl", _error_text(error), None)


def _command(level: str, title: str, message: str, place: tuple[str, int] | None) -> str:
    location = f"file={_escape_property(place[0])},line={place[1]}," if place else ""
    return f"::{level} {location}title={_escape_property(title)}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
