"""What a host or a tenant says reaches terminals and reports without anything that these would obey."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from lampctl.checks import Check, Evidence, Where, conclude, failed
from lampctl.engine import visit
from lampctl.errors import LampctlError, Unreachable
from lampctl.facts import nominal
from lampctl.layers import urls
from lampctl.legible import inert, legible
from lampctl.outcome import Event, Outcome
from lampctl.report import FORMATS, Report, renderer
from lampctl.report.live import LiveReporter
from lampctl.report.text import TextReporter
from lampctl.resources import Action, Change
from lampctl.resources.kind import States

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


def bad(text: str) -> set[str]:
    kinds = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return kinds - {"\n", "\t"}


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "text"])
@pytest.mark.parametrize("ended", [False, True])
def test_documents(format: str, ended: bool) -> None:
    error = LampctlError(EVIL, EVIL, evidence=EVIL) if ended else None
    text = renderer(format)(Report("check", () if ended else outcomes(), error, 1.0))
    assert bad(text) == set()
    assert "\\u001b" not in text


def test_text() -> None:
    stream = io.StringIO()
    reporter = TextReporter(quiet=False, several=True, stream=stream)
    for kind in ("note", "line", "step", "stepped"):
        reporter.event(Event("a", kind, EVIL))
    for outcome in outcomes():
        reporter.outcome(outcome)
    reporter.finish("check", outcomes())
    assert bad(stream.getvalue()) == set()
    assert "cm0gLXJmIH4=" in stream.getvalue()


def test_live(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    reporter = LiveReporter(several=True)
    monkeypatch.setattr(reporter, "_console", Console(file=stream, width=200))
    for outcome in outcomes():
        reporter.outcome(outcome)
    reporter.finish("check", outcomes())
    reporter.close()
    assert bad(stream.getvalue()) == set()
    assert "cm0gLXJmIH4=" in stream.getvalue()


def test_what_has_to_stay_exact_does() -> None:
    """A page is compared with what it should have before any of it is shown."""
    page = "HTTP/1.1 200 OK\r\n\r\n\u05e9\u200f\u05dc\x1b[0m"
    [_, body] = urls.answers(urls.Wanted(texts=("\u05e9\u200f\u05dc",)), 1.0, ())
    assert str(body.judge(Evidence(page, nominal("debian-13"), States())).status) == "pass"
    assert visit._whole(b"HTTP/1.1 200 OK\r\n\r\n\x00\x1b") == b"HTTP/1.1 200 OK\r\n\r\n\x00\x1b"


LINES: dict[str, str] = {
    "::error::owned": ": :error::owned",
    "    ::stop-commands::x": "    : :stop-commands::x",
    "x ##[error]owned": "x ## [error]owned",
    "std::string": "std::string",
}


@pytest.mark.parametrize("line", LINES)
def test_log_is_no_command_of_github_s_runner(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert inert(line) == line
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert inert(line) == LINES[line]
    stream = io.StringIO()
    TextReporter(quiet=False, several=False, stream=stream).error(LampctlError("x", evidence=line))
    assert LINES[line] in stream.getvalue()


SAYS: dict[str, Callable[[str], str]] = {
    "Event": lambda text: Event("h", "line", text).text,
    "Verdict": lambda text: failed(text).actual,
    "evidence": lambda text: failed("", text).evidence,
    "Change": lambda text: Change("x", "web", Action.RUN, text).diff,
    "error": lambda text: LampctlError(text).message,
}


@pytest.mark.parametrize("says", SAYS)
@settings(max_examples=100, deadline=None)
@given(text=st.text())
def test_nothing_that_is_shown_holds_a_control(says: str, text: str) -> None:
    shown = SAYS[says](text)
    assert {char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")} <= {"\n", "\t"}
    assert {char for char in shown if unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")} == set()  # fmt: skip
    assert legible(shown) == shown
