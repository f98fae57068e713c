"""The journal of a host, read back: whatever the host says, and what a run that ended badly left."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lampctl.checks import Check, Result, Status, Where, passed
from lampctl.engine.history import History
from lampctl.engine.recall import outcome_of
from lampctl.engine.settle import known_to_pass, summary
from lampctl.errors import UsageError
from lampctl.journal import runs, transcript
from lampctl.journal.events import Event, Noted, Output, StepBegan, StepEnded, StepsPlanned
from lampctl.journal.runs import Begun, Ended, Run, Verdict
from lampctl.outcome import Outcome
from tests.unit.fake_host import FakeHost
from tests.unit.runs import BROKEN, GONE, GOOD

ID = "20261127T021637Z-2c97"
BEGUN = Begun(ID, "ann@laptop", "deploy", "shop", "56619d619b31edc6", "0.1.0", 1795745797.97)
LOG = transcript.encode([("install packages", "linux"), ("hand over", "web")]) + "\n".join(
    [
        "@@generation 7",
        "@@begin 000",
        "| Reading package lists",
        "@@end 000 0",
        "@@begin 001",
        "@@end 001 1",
        "@@undone 0",
    ]
)


def replayed(log: str) -> list[Event]:
    events: list[Event] = []
    transcript.replay("web1", log.split("\n"), events.append)
    return events


def test_run_is_written_and_read_back() -> None:
    ended = summary(Verdict.PROVED, replace(GOOD, changes=BROKEN.changes))
    run = runs.parse(ID, runs.encode(BEGUN).decode(), runs.encode(ended).decode(), running=False)
    assert run == Run(BEGUN, ended)
    assert (ended.changes, ended.checks, ended.failed) == (2, 1, ())
    assert summary(Verdict.UNDONE, BROKEN).failed == ("web.config",)


@pytest.mark.parametrize(
    ("ended", "running", "verdict"),
    [
        ("", False, Verdict.UNPROVED),  # such as after a power failure
        ("", True, Verdict.RUNNING),
        ('{"verdict": "abandoned", "ended": 1}', False, Verdict.ABANDONED),
        ('{"verdict": "abandoned"}', True, Verdict.RUNNING),  # of its first stage
        ('{"verdict": "great"}', False, Verdict.UNPROVED),
    ],
)
def test_verdict_of_a_run(ended: str, running: bool, verdict: Verdict) -> None:
    run = runs.parse(ID, runs.encode(BEGUN).decode(), ended, running=running)
    assert run is not None
    assert run.ended.verdict == verdict


def test_run_whose_beginning_was_lost_is_left_out() -> None:
    assert runs.parse(ID, "", "", running=False) is None
    assert runs.parse("../../etc", runs.encode(BEGUN).decode(), "", running=False) is None


def test_ids_of_runs_are_in_order_and_differ() -> None:
    found = [Begun.now("deploy", "shop", {"a": 1}) for _ in range(20)]
    assert all(runs.is_id(begun.id) for begun in found)
    assert len({begun.id for begun in found}) > 1
    assert [begun.id for begun in found] == sorted(begun.id for begun in found)
    assert len({begun.digest for begun in found}) == 1


def test_log_is_shown_as_the_run_was() -> None:
    assert replayed(LOG) == [
        StepsPlanned("web1", ("linux", "web")),
        StepBegan("web1", "install packages", "linux", 1, 2),
        Output("web1", "Reading package lists", "linux"),
        StepEnded("web1", "install packages", "linux", 1, 2, ok=True),
        StepBegan("web1", "hand over", "web", 2, 2),
        StepEnded("web1", "hand over", "web", 2, 2, ok=False),
    ]


def test_stages_and_what_the_host_did_alone_are_shown() -> None:
    events = replayed(f"{LOG}\n{LOG}\n@@abandoned\n@@undone 0")
    assert [type(event) for event in events].count(StepsPlanned) == 2
    assert isinstance(events[-1], Noted)


@given(
    st.lists(
        st.sampled_from(
            ["@@steps ", "@@steps [[1]]", '@@steps [["a","b"]]', "@@begin 000", "@@end 000 0", "| x", "@@begin ²", ""]
        )
    )
)
def test_any_log_can_be_shown(lines: list[str]) -> None:
    assert all(event.host == "web1" for event in replayed("\n".join(lines)))


LEGIBLE = replace(BROKEN, results=tuple(replace(result, evidence="a line") for result in BROKEN.results))


@pytest.mark.parametrize("outcome", [GOOD, LEGIBLE, GONE])
def test_outcome_is_read_back(outcome: Outcome) -> None:
    document = json.loads(json.dumps(outcome.as_dict()))
    again = outcome_of(outcome.host, Run(BEGUN, Ended(Verdict.PROVED)), document)
    assert again.as_dict() == document


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["status", "id", "kind", "ms", "action", "x"]), inner)
    ),
)


@given(
    st.dictionaries(st.sampled_from(["results", "changes", "error", "timings", "platform", "round_trips"]), json_values)
)
def test_any_document_can_be_shown(document: dict[str, object]) -> None:
    assert json.dumps(outcome_of("web1", Run(BEGUN, Ended(Verdict.PROVED)), document).as_dict())


@pytest.mark.parametrize("verdict", [Verdict.ABANDONED, Verdict.UNPROVED, Verdict.FAILED, Verdict.STOPPED])
def test_run_without_a_controller_s_outcome_is_no_success(verdict: Verdict) -> None:
    outcome = outcome_of("web1", Run(BEGUN, Ended(verdict)), None)
    assert not outcome.ok
    assert outcome.error is not None
    assert outcome.error.kind == verdict


def listed(*ids: str) -> FakeHost:
    return FakeHost([f"{id}\t\t{runs.encode(replace(BEGUN, id=id)).decode().strip()}\t" for id in ids])


@pytest.mark.parametrize("wanted", ["", "x", "2026", "20261127T0216"])
def test_id_that_does_not_name_one_run_is_refused(wanted: str) -> None:
    host = listed(ID, "20261127T021640Z-0001")
    with pytest.raises(UsageError, match=r"there is no run|several runs"):
        History(host).replay(wanted, lambda _: None)


def test_what_other_playbooks_proved_stays_known() -> None:
    def check(id: str) -> Check:
        return Check(id, "site", Where.HOST, "", "", lambda _: passed(""))

    def result(id: str, status: Status) -> Result:
        return Result(id, "site", status, Where.HOST, "", "")

    checks = [check("site.answer@a.test"), check("web.config"), check("site.outside@a.test")]
    results = [
        result("site.answer@a.test", Status.PASS),
        result("web.config", Status.FAIL),
        result("site.outside@a.test", Status.UNKNOWN),
    ]
    before = {"site.answer@b.test": "q", "web.config": "old", "site.answer@a.test": "old", "site.outside@a.test": "o"}
    assert known_to_pass(checks, results, before) == {
        "site.answer@b.test": "q",
        "site.answer@a.test": checks[0].question,
        "site.outside@a.test": "o",
    }
