"""The live view: how it shows the events of a run, and that it always fits the terminal."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from lampctl.checks import Result, Status, Where
from lampctl.cli.output import outputs
from lampctl.errors import ApplyFailed
from lampctl.journal.events import (
    Answered,
    Asked,
    CheckDone,
    ChecksPlanned,
    Event,
    Output,
    PhaseBegan,
    StepBegan,
    StepEnded,
    StepsPlanned,
)
from lampctl.outcome import Outcome
from lampctl.report.live import LiveReporter
from lampctl.report.progress import Packages
from lampctl.report.text import TextReporter

APT = """\
Get:1 http://deb.debian.org/debian trixie InRelease [140 kB]
0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.
Get:1 http://deb.debian.org/debian trixie/main amd64 tree amd64 2.2.1-1 [59 kB]
Get:2 http://deb.debian.org/debian trixie/main amd64 git amd64 1:2.47 [9 MB]
Selecting previously unselected package tree.
Unpacking tree (2.2.1-1) ...
Unpacking git (1:2.47) ...
Setting up tree (2.2.1-1) ...
Setting up git (1:2.47) ...
""".splitlines()


def test_packages_are_counted_and_the_bar_only_grows() -> None:
    packages = Packages()
    seen = []
    for line in APT:
        packages.read(line)
        seen.append((packages.text, round(packages.fraction, 2)))
    assert [text for text, _ in dict.fromkeys(seen)] == [
        "", "fetching 1 of 2", "fetching 2 of 2", "unpacking 1 of 2", "unpacking 2 of 2", "setting up 1 of 2", "setting up 2 of 2",
    ]  # fmt: skip
    assert [share for _, share in seen] == sorted(share for _, share in seen)
    assert seen[-1][1] == 1


class Tty(io.TextIOWrapper):
    """A terminal that keeps what is written to it."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self.written = io.BytesIO()
        super().__init__(self.written, encoding)

    def isatty(self) -> bool:
        return True

    def hides_cursor(self) -> bool:
        """Whether the cursor is hidden, as it is while lines are live."""
        return self.written.getvalue().rfind(b"\x1b[?25l") > self.written.getvalue().rfind(b"\x1b[?25h")


def view(*events: Event, several: bool = False, width: int = 80, height: int = 24) -> str:
    """Return the live lines after the events."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", Tty())
        patch.setenv("COLUMNS", str(width))
        patch.setenv("LINES", str(height))
        shown = LiveReporter(several=several)
        for event in events:
            shown.event(event)
        shown.close()
    page = Console(file=io.StringIO(), width=width, color_system=None)
    page.print(shown.frame())
    assert isinstance(page.file, io.StringIO)
    return page.file.getvalue()


def running(host: str, line: str = "Unpacking tree (2.2.1-1) ...") -> list[Event]:
    return [
        PhaseBegan(host, "apply"),
        StepsPlanned(host, ("linux", "linux", "php", "web")),
        StepBegan(host, "install packages", "linux", 1, 4),
        *(Output(host, text, "linux") for text in (APT[1], line)),
    ]


def test_one_line_for_each_layer() -> None:
    done = StepEnded("web1", "install packages", "linux", 1, 4, True)
    begun = StepBegan("web1", "restart php8.4-fpm.service", "php", 3, 4)
    text = view(*running("web1"), done, begun)
    assert re.search(r"^. web1: applying, step 3 of 4  0 s$", text, re.MULTILINE)
    assert re.search(r"^  · linux +0\.0 s  1 of 2 steps$", text, re.MULTILINE)
    assert re.search(r"^  . php +0\.0 s  restart php8\.4-fpm\.service$", text, re.MULTILINE)
    assert re.search(r"^  · web +1 step$", text, re.MULTILINE)


def checked(id: str, status: Status) -> Event:
    layer = id.partition(".")[0]
    result = Result(id, layer, status, Where.HOST, "well", "found")
    return CheckDone("web1", result)


def test_checks_are_counted_by_layer_as_results_arrive() -> None:
    planned = ChecksPlanned("web1", ("linux", "linux", "web", "web", "php", "site"))
    begun = [*running("web1"), PhaseBegan("web1", "check"), planned]
    come = [checked("linux.a", Status.PASS), checked("linux.b", Status.PASS), checked("web.a", Status.PASS)]
    text = view(*begun, *come, checked("php.a", Status.FAIL))
    assert re.search(r"^. web1: checking, 4 of 6  0 s$", text, re.MULTILINE)
    assert re.search(r"^  ✓ linux  2 of 2 checks$", text, re.MULTILINE)
    assert re.search(r"^  [^✓·] web    1 of 2 checks  web\.a$", text, re.MULTILINE)
    assert re.search(r"^  ✗ php    1 of 1 check$", text, re.MULTILINE)
    assert re.search(r"^  · site   0 of 1 check$", text, re.MULTILINE)
    again = view(*begun, *come, PhaseBegan("web1", "apply"))
    assert re.search(r"^. web1: applying  0 s$", again, re.MULTILINE)
    assert " of 2 checks" not in again


def test_long_step_has_a_bar() -> None:
    assert re.search(r"^  . linux +0\.0 s  ━{12}─{12}  unpacking 1 of 2$", view(*running("web1")), re.MULTILINE)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (20, 3)])
@pytest.mark.parametrize("several", [False, True])
def test_live_view_is_never_larger_than_the_terminal(width: int, height: int, several: bool) -> None:
    hosts = [f"web{number}.example.com" for number in range(60 if several else 1)]
    events = [event for host in hosts for event in running(host, "Unpacking " + "x" * 300)]
    events += [StepsPlanned(hosts[0], tuple(f"layer{n}" for n in range(50)))]
    lines = view(*events, several=several, width=width, height=height).splitlines()
    assert len(lines) < height
    assert max(map(len, lines)) < width
    assert "more" in lines[-1]


def test_live_view_pauses_while_a_question_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Tty()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    shown = LiveReporter(several=True)
    shown.event(PhaseBegan("a", "connect"))
    shown.event(Asked("", "Is it?"))
    shown.event(PhaseBegan("b", "connect"))
    assert not terminal.hides_cursor()
    shown.event(Answered(""))
    shown.event(PhaseBegan("b", "observe"))
    assert terminal.hides_cursor()
    shown.close()


BROKEN = Result("web.config", "web", Status.FAIL, Where.HOST, "Syntax OK", "not valid", "AH00526: line 3", "fix it")


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (Outcome("web1", "check", results=[BROKEN]), "✗ web.config: not valid\n  → fix it\n"),
        (
            Outcome("web1", "deploy", error=ApplyFailed("web1: no room", "free some")),
            "✗ web1: no room\n  → free some\n",
        ),
    ],
)
def test_report_ends_with_the_culprit_in_two_lines(
    outcome: Outcome, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    LiveReporter(several=False).outcome(outcome)
    text = capsys.readouterr().out
    assert text.endswith(message)
    assert ("AH00526" in text) == bool(outcome.results)


@pytest.mark.parametrize(
    ("stdout", "term", "quiet", "live"),
    [(Tty(), "xterm", False, True), (Tty(), "dumb", False, False), (Tty("ascii"), "xterm", False, False), (Tty(), "xterm", True, False), (io.StringIO(), "xterm", False, False)],
)  # fmt: skip
def test_plain_text_where_the_terminal_cannot_redraw(
    stdout: io.TextIOBase, term: str, quiet: bool, live: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", stdout)
    monkeypatch.setenv("TERM", term)
    (shown,) = outputs([]).reporter(quiet, several=False).reporters
    assert type(shown) is (LiveReporter if live else TextReporter)
