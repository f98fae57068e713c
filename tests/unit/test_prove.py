"""The proof: each result is reported as soon as it is known. With the real host script on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from lampctl.checks import Check, Evidence, HostProbe, Result, Status, Verdict, Where, failed, passed
from lampctl.engine.prove import prove
from lampctl.facts import nominal
from lampctl.journal.events import CheckDone, Event
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.resources.shell import quote
from lampctl.ssh import Batch
from lampctl.ssh.batch import BEGIN
from lampctl.ssh.limits import READ_LIMITS, Limits
from lampctl.ssh.local import LocalSession, LocalTransport


@dataclass
class LocalHost(LocalTransport):
    """A transport to this machine, without becoming root."""

    folder: Path
    limits: Limits = READ_LIMITS  # of the last batch

    def start(self, batch: Batch) -> LocalSession:
        self.limits = batch.limits
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
    opened = os.open(gate, os.O_RDWR)  # so that neither end blocks
    slow = hop("web.slow", f"head -n 1 {quote(str(gate))}", "linux.first")
    checks = (hop("linux.first", "echo well"), slow, hop("web.last", "echo broken", "web.slow"))
    reported: list[Result] = []

    def emit(event: Event) -> None:
        if isinstance(event, CheckDone):
            reported.append(event.result)
            if len(reported) == 1:  # the second check waits for this: reporting only at the end would time out
                os.write(opened, b"well\n")

    seen = Observation(nominal("debian-13"))
    results = prove(LocalHost(tmp_path), Desired(checks=checks), seen, lambda _: "", emit)
    os.close(opened)
    assert [result.id for result in reported] == ["linux.first", "web.slow", "web.last"]
    assert tuple(reported) == results
    assert [result.status for result in results] == [Status.PASS, Status.PASS, Status.FAIL]


def prove_one(folder: Path, probe: HostProbe) -> Result:
    check = Check("web.one", "web", Where.HOST, "", "well", judge, (), probe)
    [result] = prove(
        LocalHost(folder), Desired(checks=(check,)), Observation(nominal("debian-13")), lambda _: "", print
    )
    return result


def test_probe_that_hangs_fails_without_its_judge(tmp_path: Path) -> None:
    result = prove_one(tmp_path, HostProbe("echo begun; sleep 60", 1))
    assert (result.status, result.actual, result.evidence) == (Status.FAIL, "no answer within 1 s", "begun")


@pytest.mark.parametrize("script", ["printf well; exit 127", "printf well; exit 126", "printf well; kill -PIPE $$"])
def test_exit_code_of_a_probe_is_not_taken_for_a_time_limit(tmp_path: Path, script: str) -> None:
    assert prove_one(tmp_path, HostProbe(script)).status is Status.PASS


def test_long_output_of_a_probe_is_cut_and_judged(tmp_path: Path) -> None:
    result = prove_one(tmp_path, HostProbe("yes"))
    assert (result.status, result.actual[:5]) == (Status.FAIL, "y y y"), result.actual[:80]


def test_host_may_be_silent_while_its_slowest_probe_runs(tmp_path: Path) -> None:
    """Such as the rehearsal of many certificates, with a minute for each."""
    host, check = (
        LocalHost(tmp_path),
        Check("web.one", "web", Where.HOST, "", "", judge, (), HostProbe("printf well", 600)),
    )
    prove(host, Desired(checks=(check,)), Observation(nominal("debian-13")), lambda _: "", print)
    assert min(host.limits.silence, host.limits.total) > 600
