"""One trial: break a host, ask `lampctl check`, try the hint as it stands, mend the host, and check again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.faults.table import Book, Control, Fault
from tests.hosts.conftest import Host, RunResult

LIMIT = 10.0  # seconds that a check of one fault may take


@dataclass(frozen=True)
class Trial:
    """What came of one row of the table.

    Attributes:
        expected: Ids of checks, any of which is right; empty for a control.
        found: The culprit's id; `ID?` of a warning; `none`; or the kind of the run's error.
        seconds: Duration of the check.
        hint: What its commands did: mended, showed, deploy, nothing; or `missing`: the hint does not contain them.
        note: What the culprit says, or what went wrong.
        green: The last check passed.
        said: The culprit contains the row's text.
    """

    book: str
    name: str
    expected: tuple[str, ...]
    found: str
    seconds: float
    hint: str = ""
    note: str = ""
    green: bool = True
    said: bool = True  # what the row says it must

    @property
    def right(self) -> bool:
        return self.found in self.expected if self.expected else self.found == "none"


@dataclass(frozen=True)
class Bench:
    """A deployed host, and the commands of lampctl with its playbook."""

    host: Host
    book: Book
    lampctl: Callable[[str], RunResult]

    def sh(self, line: str) -> str:
        """Run a line of the table; both streams are returned, the exit code does not matter."""
        try:
            return self.host.sh(f"{self.book.shell}\n{{ {line}\n}} 2>&1", check=False)
        except subprocess.TimeoutExpired:
            return "(no end within 120 s)"


def try_fault(bench: Bench, fault: Fault) -> Trial:
    bench.sh(fault.damage)
    ran, seconds = _timed(bench)
    found, result = culprit(ran)
    text = "\n".join(str(result.get(key, "")) for key in ("actual", "evidence", "hint"))
    hint = _try_hint(bench, fault, str(result.get("hint", "")))
    if fault.mend:
        bench.sh(fault.mend)
    deployed = None if fault.mend or hint == "mended" else bench.lampctl("deploy")
    last = bench.lampctl("check")
    said = fault.says in text
    note = text.partition("\n")[0] if said else f"does not say {fault.says!r}: {text}"
    if last.code:
        left, why = culprit(last)
        note += f"; not mended: {left}: {why.get('actual')}"
        note += f"; the deploy: {culprit(deployed)}" if deployed and deployed.code else ""
    hint = "deploy" if hint == "nothing" and not fault.mend and not fault.hint and "lampctl deploy" in text else hint
    return Trial(
        bench.book.name,
        fault.name,
        fault.culprit,
        found,
        seconds,
        hint,
        note,
        last.code == 0,
        said,
    )


def try_control(bench: Bench, control: Control) -> Trial:
    bench.sh(control.do)
    ran, seconds = _timed(bench)
    found, result = culprit(ran)
    bench.sh(control.undo)
    last = bench.lampctl("check")
    note = f"{result.get('actual', '')}: {result.get('evidence', '')}"
    return Trial(bench.book.name, control.name, (), found, seconds, "", note, last.code == 0)


def _timed(bench: Bench) -> tuple[RunResult, float]:
    began = time.monotonic()
    ran = bench.lampctl("check")
    return ran, time.monotonic() - began


def culprit(ran: RunResult) -> tuple[str, dict[str, Any]]:
    """(id of the culprit, or `none`, or the kind of an error; its result)."""
    host = ran.host
    if host.get("error"):
        return str(host["error"]["kind"]), {"actual": host["error"]["message"], "hint": host["error"]["hint"]}
    if not host["culprit"]:
        warning = next((result for result in host["results"] if result["status"] == "unknown"), None)
        return (f"{warning['id']}?", warning) if warning else ("none", {})
    found = str(host["culprit"]["id"])
    return found, next(result for result in host["results"] if result["id"] == found)


def _try_hint(bench: Bench, fault: Fault, hint: str) -> str:
    """Type the commands of a hint as they stand."""
    if not fault.hint:
        return "nothing"
    if lacking := [command for command in fault.hint if command not in hint]:
        return f"missing: {lacking[0]}"
    printed = ""
    for command in fault.hint:
        if command.startswith("lampctl "):
            printed += bench.lampctl(command.split()[1]).out
        else:
            printed += bench.sh(command)
    if fault.shows:
        return "showed" if fault.shows in printed else f"does not show {fault.shows}: {printed[-200:]}"
    return "mended" if bench.lampctl("check").code == 0 else f"does not mend: {printed[-200:]}"
