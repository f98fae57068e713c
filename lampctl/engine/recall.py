"""The outcome of a run, read back from a host's journal.

The host is not trusted: what is malformed counts as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lampctl.checks import Result, Status, Where
from lampctl.errors import LampctlError
from lampctl.journal.runs import Run, Verdict, parse_number
from lampctl.legible import legible, one_line
from lampctl.outcome import Outcome
from lampctl.resources import Action, Change

_ENDS = {
    Verdict.ABANDONED: "nobody checked it, and a page failed, so the host went back to the previous files",
    Verdict.UNPROVED: "what was applied was not checked",
    Verdict.RUNNING: "the run is in progress",
    Verdict.FAILED: "a step failed",
    Verdict.STOPPED: "the run was stopped",
    Verdict.UNDONE: "what was applied was rolled back",
}


def outcome_of(host: str, run: Run, document: Mapping[str, object] | None) -> Outcome:
    """The outcome that a run's controller left, or what the host alone knows of it.

    Args:
        document: The host's part of the command's JSON document; None if there is none.
    """
    found = document or {}
    error = _error(_object(found.get("error")))
    results = tuple(_results(found.get("results")))
    if error is None and run.ended.verdict in _ENDS and not any(r.status is Status.FAIL for r in results):
        error = LampctlError(
            f"{host}: {_ENDS[run.ended.verdict]}", "lampctl deploy completes it", kind=run.ended.verdict
        )
    timings = _object(found.get("timings"))
    return Outcome(
        host,
        run.begun.command,
        run.begun.playbook,
        _text(found.get("platform")),
        applied=found.get("applied") is True,
        undone=found.get("undone") is True,
        changes=tuple(_changes(found.get("changes"))),
        results=results,
        error=error,
        timings={one_line(name): parse_number(seconds) for name, seconds in timings.items()},
        round_trips=int(parse_number(found.get("round_trips"))),
    )


def _changes(value: object) -> Iterator[Change]:
    for item in _objects(value):
        if (action := _text(item.get("action"))) in set(Action):
            yield Change(_text(item.get("resource")), _text(item.get("layer")), Action(action), _long(item.get("diff")))


def _results(value: object) -> Iterator[Result]:
    for item in _objects(value):
        status, where = _text(item.get("status")), _text(item.get("where"))
        if status in set(Status) and where in set(Where):
            yield Result(
                _text(item.get("id")),
                _text(item.get("layer")),
                Status(status),
                Where(where),
                _text(item.get("expected")),
                _text(item.get("actual")),
                _long(item.get("evidence")),
                _long(item.get("hint")),
                parse_number(item.get("ms")),
            )


def _error(found: Mapping[str, Any]) -> LampctlError | None:
    if not found:
        return None
    kind = _text(found.get("kind"))
    return LampctlError(
        _long(found.get("message")), _long(found.get("hint")), kind=kind, evidence=_long(found.get("evidence"))
    )


def _objects(value: object) -> Iterator[dict[str, Any]]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _long(value: object) -> str:
    return legible(value) if isinstance(value, str) else ""
