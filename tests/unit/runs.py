"""Runs for the report formats: everything that a format has to show, and hostile text that must not break it."""

from __future__ import annotations

from dataclasses import replace

from lampctl.checks import Result, Status, Where
from lampctl.errors import PlaybookError, Unreachable
from lampctl.outcome import Outcome
from lampctl.report import Report
from lampctl.resources import Action, Change

HOSTILE = "\x1b[2J<script>alert('&')</script>\x00 | ]]> 100% # ü\r\nsecond line: {x}"
TIME = 1_795_531_874.5

PASS = Result("linux.ssh", "linux", Status.PASS, Where.HOST, "root", "root on Debian", ms=12.34, title="SSH answers")
UNKNOWN = Result("linux.clock", "linux", Status.UNKNOWN, Where.HOST, "right", "could not be tried", "no date")
FAIL = Result(
    "web.config",
    "web",
    Status.FAIL,
    Where.HOST,
    "Syntax OK",
    "not valid",
    HOSTILE,
    "fix <it>",
    5.0,
    "the config is good",
)
BLOCKED = Result("site.php@shop.test", "site", Status.BLOCKED, Where.OUTSIDE, "200", "needs web.config")
CHANGES = (
    Change("file:/etc/<x>", "web", Action.UPDATE, "--- a\n+++ b\n@@ -1 +1 @@\n-<b>old</b>\n+<b>new</b>\n"),
    Change("service:apache2.service", "web", Action.RELOAD, "because of it\n"),
)

GOOD = Outcome(
    "web1", "check", "lamp", "debian-13", results=(PASS,), timings={"connect": 0.2, "check": 1.5}, round_trips=2
)
BROKEN = replace(GOOD, host="web2", results=(PASS, UNKNOWN, FAIL, BLOCKED), changes=CHANGES)
UNSURE = replace(GOOD, host="web3", results=(PASS, UNKNOWN))
GONE = Outcome("web4", "check", error=Unreachable("web4: no answer (web4:22)", "is the host up?", kind="timeout"))
PLANNED = replace(GOOD, host="web5", command="plan", results=(), changes=CHANGES)

RUNS = {
    "good": Report("check", (GOOD,), time=TIME),
    "broken": Report("check", (GOOD, BROKEN, UNSURE, GONE), time=TIME),
    "gone": Report("check", (GONE,), time=TIME),
    "planned": Report("plan", (PLANNED,), time=TIME),
    "ended": Report(
        "check", (), PlaybookError("site.yml:3: php → x: unknown key\nother.yml:5: is missing", "fix it"), TIME
    ),
}
