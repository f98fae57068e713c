"""Text from hosts and sites reaches terminals and reports without control characters or commands."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampctl.checks import Check, Evidence, Where, conclude, failed
from lampctl.engine.reading import Reader
from lampctl.errors import LampctlError, Unreachable
from lampctl.facts import nominal
from lampctl.journal.events import Event, Noted, Output, StepBegan, StepEnded
from lampctl.legible import inert, legible
from lampctl.outcome import Outcome
from lampctl.report import FORMATS, Report, renderer
from lampctl.report.live import LiveReporter
from lampctl.report.text import TextReporter
from lampctl.resources import Action, Change
from lampctl.resources.kind import States
from lampctl.urls import checks

BAD = "\x1b]52;c;cm0gLXJmIH4=\x07\x1b[2J\x9b31m\x00\x7f\u202egnp.exe\u2066\u200f\u2028\x85\rover\x0b"
EVIL = f"a{BAD}b\tc\nd"


def outcomes() -> list[Outcome]:
    check = Check("web.static@a.test", "web", Where.HOST, "t", "e", lambda seen: failed(seen.raw, seen.raw, seen.raw))
    verdict = check.judge(Evidence(EVIL, nominal("debian-13"), States()))
    results = conclude([check], {check.id: (verdict, 1.0)})
    changes = (Change(f"file:/{BAD}", "web", Action.UPDATE, f"-{EVIL}\r\n+new\n"),)
    error = Unreachable(f"h: {EVIL}", EVIL, evidence=EVIL)
    return [
        Outcome("a", "check", results=results, changes=changes),
        Outcome("b", "deploy", results=results, error=error),
        Outcome("c", "plan", changes=changes),
    ]


def control_characters(text: str) -> set[str]:
    kinds = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return kinds - {"\n", "\t"}


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "text"])
@pytest.mark.parametrize("ended", [False, True])
def test_documents_have_no_control_characters(format: str, ended: bool) -> None:
    error = LampctlError(EVIL, EVIL, evidence=EVIL) if ended else None
    text = renderer(format)(Report("check", () if ended else outcomes(), error, 1.0))
    assert control_characters(text) == set()
    assert "\\u001b" not in text


def test_text_report_has_no_control_characters() -> None:
    stream = io.StringIO()
    reporter = TextReporter(quiet=False, several=True, stream=stream)
    events: tuple[Event, ...] = (
        Noted("a", EVIL),
        Output("a", EVIL, "linux"),
        StepBegan("a", EVIL, "linux", 1, 2),
        StepEnded("a", EVIL, "linux", 1, 2, True),
    )
    for event in events:
        reporter.event(event)
    for outcome in outcomes():
        reporter.outcome(outcome)
    reporter.finish("check", outcomes())
    assert control_characters(stream.getvalue()) == set()
    assert "cm0gLXJmIH4=" in stream.getvalue()


def test_live_view_has_no_control_characters_of_the_host(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    reporter = LiveReporter(several=True)
    for outcome in outcomes():
        reporter.outcome(outcome)
    reporter.finish("check", outcomes())
    reporter.close()
    text = capsys.readouterr().out
    assert control_characters(text) == set()
    assert "cm0gLXJmIH4=" in text


def test_body_of_an_answer_is_not_altered_before_it_is_compared() -> None:
    """A page is compared with the expected text before any of it is shown."""
    page = "HTTP/1.1 200 OK\r\n\r\n\u05e9\u200f\u05dc\x1b[0m"
    [_, body] = checks.answers(checks.Wanted(texts=("\u05e9\u200f\u05dc",)), checks.Got(), ())
    assert str(body.judge(Evidence(page, nominal("debian-13"), States())).status) == "pass"
    reader = Reader("/", [("Host", "a.test")])
    reader.feed(b"HTTP/1.1 200 OK\r\n\r\n\x00\x1b")
    reader.feed(b"")
    assert reader.page().raw == "HTTP/1.1 200 OK\r\n\r\n\x00\x1b"


LINES: dict[str, str] = {
    "::error::owned": ": :error::owned",
    "    ::stop-commands::x": "    : :stop-commands::x",
    "x ##[error]owned": "x ## [error]owned",
    "std::string": "std::string",
}


@pytest.mark.parametrize("line", LINES)
def test_log_text_is_not_a_command_to_github_s_runner(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert inert(line) == line
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert inert(line) == LINES[line]
    stream = io.StringIO()
    TextReporter(quiet=False, several=False, stream=stream).error(LampctlError("x", evidence=line))
    assert LINES[line] in stream.getvalue()


SAYS: dict[str, Callable[[str], str]] = {
    "event": lambda text: Output("h", text, "linux").line,
    "Verdict": lambda text: failed(text).actual,
    "evidence": lambda text: failed("", text).evidence,
    "Change": lambda text: Change("x", "web", Action.RUN, text).diff,
    "error": lambda text: LampctlError(text).message,
}


@pytest.mark.parametrize("says", SAYS)
@settings(max_examples=100, deadline=None)
@given(text=st.text())
def test_shown_text_has_no_control_characters(says: str, text: str) -> None:
    shown = SAYS[says](text)
    assert {char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")} <= {"\n", "\t"}
    assert {char for char in shown if unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")} == set()  # fmt: skip
    assert legible(shown) == shown


def test_colours_of_a_build_are_left_out_and_those_in_a_file_are_seen() -> None:
    text = "\x1b[1m\x1b[38;5;9mError\x1b[0m: no basket"
    assert failed("", text).evidence == "Error: no basket"
    assert Change("file:/x", "web", Action.UPDATE, "+a\x1b[0m").diff == "+a\ufffd[0m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://oauth2:t0k3n@git.test/a.git: no access", "https://***@git.test/a.git: no access"),
        ("git clone HTTPS://t0k3n@git.test/a", "git clone HTTPS://***@git.test/a"),
        ("mysql://shop:p%40ss@127.0.0.1:3306/shop", "mysql://shop:***@127.0.0.1:3306/shop"),
        ("redis://:pass@cache.test", "redis://:***@cache.test"),
        ("https://a.test/b.zip?private_token=x1&part=2", "https://a.test/b.zip?private_token=***&part=2"),
        ('"GET /reset?Token=abc HTTP/1.1" 200', '"GET /reset?Token=*** HTTP/1.1" 200'),
        ("ssh://git@git.test/a.git and git@git.test:a.git", "ssh://git@git.test/a.git and git@git.test:a.git"),
        ("https://a.test:8443/?mail=me@b.test", "https://a.test:8443/?mail=me@b.test"),
    ],
)
def test_logins_and_tokens_in_urls_are_not_shown(text: str, shown: str) -> None:
    assert legible(text) == shown
