"""Events as a journal stores them: one JSON object per line, readable by this version and by older ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lampctl.checks import Result, Status, Where
from lampctl.journal.events import (
    EVENTS,
    Answered,
    Asked,
    CheckDone,
    ChecksPlanned,
    Event,
    Noted,
    Output,
    PhaseBegan,
    Resumed,
    StepBegan,
    StepEnded,
    StepsPlanned,
    Suspended,
    Waiting,
)
from lampctl.journal.lines import LONGEST_LINE, LONGEST_LIST, LONGEST_TEXT, Entry, decode, encode, read

RESULT = Result(
    "web.config", "web", Status.FAIL, Where.HOST, "Syntax OK", "not valid", "AH00526:\nline 3", "fix it", 5.5
)
# Each event as a journal stores it: lines written by any earlier version must stay readable.
WRITTEN: list[tuple[Event, dict[str, Any]]] = [
    (PhaseBegan("web1", "apply"), {"event": "phase-began", "phase": "apply"}),
    (Waiting("web1", "refused", 2.5), {"event": "waiting", "reason": "refused", "seconds": 2.5}),
    (StepsPlanned("web1", ("linux", "web")), {"event": "steps-planned", "layers": ["linux", "web"]}),
    (
        StepBegan("web1", "install packages", "linux", 1, 9),
        {"event": "step-began", "step": "install packages", "layer": "linux", "number": 1, "total": 9},
    ),
    (
        StepEnded("web1", "install packages", "linux", 1, 9, False),
        {"event": "step-ended", "step": "install packages", "layer": "linux", "number": 1, "total": 9, "ok": False},
    ),
    (Output("web1", "Unpacking ü", "linux"), {"event": "output", "line": "Unpacking ü", "layer": "linux"}),
    (Noted("web1", "as before"), {"event": "noted", "text": "as before"}),
    (ChecksPlanned("web1", ("linux",)), {"event": "checks-planned", "layers": ["linux"]}),
    (
        CheckDone("web1", RESULT),
        {
            "event": "check-done",
            "result": {
                "id": "web.config",
                "layer": "web",
                "status": "fail",
                "where": "host",
                "expected": "Syntax OK",
                "actual": "not valid",
                "evidence": "AH00526:\nline 3",
                "hint": "fix it",
                "ms": 5.5,
                "title": "",
                "undoable": True,
                "silent": [],
            },
        },
    ),
    (Asked("", "Trust it?"), {"event": "asked", "host": "", "question": "Trust it?"}),
    (Answered("web1"), {"event": "answered"}),
    (Suspended(""), {"event": "suspended", "host": ""}),
    (Resumed(""), {"event": "resumed", "host": ""}),
]


def test_every_event_is_in_the_table() -> None:
    assert {type(event) for event, _ in WRITTEN} == set(EVENTS) == set(Event.__subclasses__())


@pytest.mark.parametrize(("event", "fields"), WRITTEN)
def test_event_is_one_line_and_survives_a_round_trip(event: Event, fields: dict[str, Any]) -> None:
    entry = Entry(1_795_531_874.5, event)
    line = encode(entry)
    assert "\n" not in line
    assert json.loads(line) == {"time": 1_795_531_874.5, "host": "web1", **fields}
    assert decode(line) == entry


@pytest.mark.parametrize(("event", "fields"), WRITTEN)
def test_fields_of_a_newer_version_are_ignored(event: Event, fields: dict[str, Any]) -> None:
    newer = {"time": 1, "host": "web1", "colour": ["red"], **fields}
    assert decode(json.dumps(newer)) == Entry(1.0, event)


def test_event_of_a_newer_version_is_skipped() -> None:
    line = json.dumps({"event": "balancer-drained", "time": 1, "host": "web1"})
    assert decode(line) is None
    assert list(read([line, encode(Entry(2, Noted("web1", "x")))])) == [Entry(2, Noted("web1", "x"))]


GOOD: dict[str, Any] = {"event": "step-ended", "time": 1, "host": "web1", "step": "a", "layer": "web"} | {
    "number": 1,
    "total": 2,
    "ok": True,
}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        '"output"',
        "{}",
        encode(Entry(1, Noted("web1", "cut off")))[:-2],
        "[" * 60_000,
        " " * LONGEST_LINE + json.dumps(GOOD),
        *(json.dumps({key: value for key, value in GOOD.items() if key != missing}) for missing in GOOD),
        *(json.dumps(GOOD | wrong) for wrong in ({"ok": 1}, {"ok": "true"}, {"number": "1"}, {"number": 1.5})),
        *(json.dumps(GOOD | wrong) for wrong in ({"host": None}, {"time": "1"}, {"time": True}, {"event": ["output"]})),
        json.dumps(GOOD | {"time": float("nan")}),
        json.dumps({"event": "check-done", "time": 1, "host": "web1", "result": {"id": "web.config"}}),
        json.dumps({"event": "steps-planned", "time": 1, "host": "web1", "layers": "linux"}),
    ],
)
def test_invalid_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        decode(line)
    good = encode(Entry(1, Noted("web1", "x")))
    assert list(read([good, line, good])) == 2 * [Entry(1, Noted("web1", "x"))]


@given(text=st.text())
def test_any_text_survives_a_round_trip(text: str) -> None:
    entry = Entry(1, Output("web1", text, "web"))
    line = encode(entry)
    assert len(line.splitlines()) == 1
    assert decode(line) == entry


def test_length_of_a_line_is_limited() -> None:
    evidence = '"\\' * 200_000
    long = Result("web.config", "web", Status.FAIL, Where.HOST, evidence, evidence, evidence, evidence, title=evidence)
    line = encode(Entry(1, CheckDone("web1", long)))
    assert len(line) <= LONGEST_LINE
    found = decode(line)
    assert found
    assert isinstance(found.event, CheckDone)
    assert (len(found.event.result.evidence), found.event.result.evidence[-1]) == (LONGEST_TEXT, "…")
    found = decode(encode(Entry(1, StepsPlanned("web1", ("linux",) * 5_000))))
    assert found
    assert found.event == StepsPlanned("web1", ("linux",) * LONGEST_LIST)
