"""lampctl from Python, without a host: which errors are raised, what an outcome holds, and which events arrive."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import assert_type

import pytest

import lampctl
from lampctl import ConnectOptions, Outcome, Outcomes
from lampctl.checks import Result, Status, Where
from lampctl.journal.events import Event, Noted, PhaseBegan
from tests.unit.web import page, serving

NOWHERE = ConnectOptions(config="")  # no ssh_config
FAIL = Result("web.config", "web", Status.FAIL, Where.HOST, "Syntax OK", "not valid", "AH00526: line 3", "fix it")
GOOD = Outcome("web1", "check", results=[Result("web.a", "web", Status.PASS, Where.HOST, "x", "x")])
BROKEN = Outcome("web2", "check", results=[FAIL])
GONE = Outcome("web3", "check", error=lampctl.Unreachable("web3: no answer"))


@pytest.fixture
def closed() -> str:
    """A host that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_import_is_cheap_and_exports_everything() -> None:
    script = (
        "import sys, lampctl; print(sorted(m for m in sys.modules if m.startswith('lampctl'))); "
        "import lampctl.planning, lampctl.rendering, lampctl.engine.smoke; "
        "print(all(callable(getattr(lampctl, n)) for n in lampctl.__all__ if n != '__version__'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['lampctl']", "True"]
    assert set(lampctl.__all__) == set(dir(lampctl))
    with pytest.raises(AttributeError, match="no attribute 'deply'"):
        lampctl.deply  # type: ignore[attr-defined] # noqa: B018


def test_one_host_gives_one_outcome_and_a_list_gives_several(closed: str) -> None:
    one = lampctl.check(closed, connect=NOWHERE)
    assert_type(one, Outcome)
    assert (one.host, one.command, one.ok) == (closed, "check", False)
    assert isinstance(one.error, lampctl.Unreachable)
    several = lampctl.plan([closed], connect=NOWHERE)
    assert_type(several, Outcomes)
    assert [outcome.host for outcome in several] == [closed]
    assert several.exit_code == 3


def test_hosts_of_the_playbook_are_the_default(closed: str, tmp_path: Path) -> None:
    playbook = tmp_path / "site.yml"
    playbook.write_text(f'extends: lamp\nhosts: ["{closed}"]\n')
    outcomes = lampctl.deploy(playbook=playbook, connect=NOWHERE)
    assert_type(outcomes, Outcomes)
    assert [(outcome.host, outcome.playbook) for outcome in outcomes] == [(closed, "site")]


def test_invalid_input_raises_before_a_host_is_contacted(tmp_path: Path) -> None:
    events: list[Event] = []
    playbook = tmp_path / "site.yml"
    playbook.write_text("extends: lamp\nphp: {memory_limit: much}\n")
    with pytest.raises(lampctl.PlaybookError, match=r"site\.yml:2"):
        lampctl.deploy("web1", playbook=playbook, on_event=events.append)
    with pytest.raises(lampctl.PlaybookError, match="memory_limit"):
        lampctl.check("web1", settings={"php.memory_limit": "much"}, on_event=events.append)
    with pytest.raises(lampctl.UsageError, match="no host"):
        lampctl.plan(on_event=events.append)
    with pytest.raises(lampctl.UsageError):
        lampctl.deploy("a b", on_event=events.append)
    assert events == []


def test_one_host_is_refused_if_its_database_is_on_another_host(tmp_path: Path) -> None:
    playbook = tmp_path / "site.yml"
    playbook.write_text("extends: lamp\nsites: {shop.test: {database: {host: db1}}}\n")
    with pytest.raises(lampctl.UsageError, match="db1 has databases of web1") as caught:
        lampctl.check("web1", playbook=playbook)
    assert "check([host])" in caught.value.hint


def test_events_are_typed_and_an_exception_in_a_listener_is_raised_at_the_end(closed: str) -> None:
    events: list[Event] = []
    options = ConnectOptions(config="", wait=1.5)
    lampctl.check([closed], connect=options, on_event=events.append)
    assert events[0] == PhaseBegan(closed, "connect")
    assert any(isinstance(event, Noted) and "refused" in event.text for event in events)

    calls: list[Event] = []

    def fail_on_event(event: Event) -> None:
        calls.append(event)
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        lampctl.check(closed, connect=options, on_event=fail_on_event)
    assert len(calls) == 1


def test_settings_as_a_mapping_equal_those_of_the_command_line() -> None:
    plain = lampctl.render(settings={"php.memory_limit": "300M", "php.extensions": ["mysql", "gd"]})
    assert plain == lampctl.render(settings=["php.memory_limit=300M", "php.extensions=[mysql, gd]"])
    assert any("memory_limit = 300M" in text or "memory_limit] = 300M" in text for text in plain.values())
    assert plain != lampctl.render()
    with pytest.raises(lampctl.UsageError):
        lampctl.render(platform="debian-1")


def test_smoke_of_one_url_and_of_several() -> None:
    with serving(lambda _: page("hello")) as port:
        url = f"http://127.0.0.1:{port}/"
        one = lampctl.smoke(url, expect=["hello"])
        assert_type(one, Outcome)
        several = lampctl.smoke([url, f"{url}other"], expect=["bye"])
    assert_type(several, Outcomes)
    assert one.raise_for_failure() is one
    assert (several.ok, len(several)) == (False, 2)
    with pytest.raises(lampctl.CheckFailed, match=r"http\.body"):
        several.raise_for_failure()


def test_raise_for_failure_raises_the_error_of_the_outcome() -> None:
    assert GOOD.raise_for_failure() is GOOD
    assert GOOD.failure is None
    with pytest.raises(lampctl.CheckFailed) as caught:
        BROKEN.raise_for_failure()
    assert caught.value.message == "web2: web.config failed: not valid"
    assert (caught.value.hint, caught.value.evidence) == ("fix it", "AH00526: line 3")
    with pytest.raises(lampctl.Unreachable):
        GONE.raise_for_failure()


def test_raise_for_failure_raises_the_worst_and_notes_the_others() -> None:
    good = Outcomes([GOOD])
    assert good.raise_for_failure() is good
    outcomes = Outcomes([GOOD, BROKEN, GONE])
    assert (outcomes.ok, outcomes.exit_code, outcomes.host("web2")) == (False, 3, BROKEN)
    for _ in range(2):  # a second call raises the same
        with pytest.raises(lampctl.Unreachable) as caught:
            outcomes.raise_for_failure()
    assert caught.value.__notes__ == ["also failed: web2: web.config failed: not valid"]
    with pytest.raises(KeyError):
        outcomes.host("web4")


def test_docs_quote_the_fabfile_that_is_tested_on_a_host() -> None:
    docs = Path(__file__).parents[2] / "docs"
    assert (docs / "fabfile.py").read_text() in (docs / "api.md").read_text()
