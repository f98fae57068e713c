"""The proof: each result is told when it is known, not when all are. With the host's own script, and no host."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lampctl.checks import Check, Evidence, HostProbe, Result, Status, Verdict, Where, failed, passed
from lampctl.engine.prove import prove
from lampctl.facts import nominal
from lampctl.journal.events import CheckDone, Event
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.resources.shell import quote
from lampctl.ssh import Batch
from lampctl.ssh.batch import BEGIN
from lampctl.ssh.local import LocalSession, LocalTransport


@dataclass
class Here(LocalTransport):
    """This machine, whoever we are on it."""

    folder: Path

    def start(self, batch: Batch) -> LocalSession:
        for name, content in batch.files.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_bytes(content)
        return LocalSession(f"cd {quote(str(self.folder))} && echo {BEGIN} && sh ./main", b"")


def judge(seen: Evidence) -> Verdict:
    return passed(seen.raw) if seen.raw == "well" else failed(seen.raw)


def hop(id: str, script: str, needs: str = "") -> Check:
    layer = id.partition(".")[0]
    return Check(id, layer, Where.HOST, id, "well", judge, (needs,) if needs else (), HostProbe(script))


def test_results_are_reported_in_order_while_they_arrive(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    opened = os.open(gate, os.O_RDWR)  # by which neither end waits for the other
    slow = hop("web.slow", f"head -n 1 {quote(str(gate))}", "linux.first")
    checks = (hop("linux.first", "echo well"), slow, hop("web.last", "echo broken", "web.slow"))
    told: list[Result] = []

    def emit(event: Event) -> None:
        if isinstance(event, CheckDone):
            told.append(event.result)
            if len(told) == 1:  # the second waits for it: were all told at the end, it would fail
                os.write(opened, b"well\n")

    seen = Observation(nominal("debian-13"))
    results = prove(Here(tmp_path), Desired(checks=checks), seen, lambda _: "", emit)
    os.close(opened)
    assert [result.id for result in told] == ["linux.first", "web.slow", "web.last"]
    assert tuple(told) == results
    assert [result.status for result in results] == [Status.PASS, Status.PASS, Status.FAIL]
