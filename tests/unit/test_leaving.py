"""One of several instances that is about to restart gets no more requests, and answers those it has."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lampctl.layers.sites import upstreams
from lampctl.resources import Action, Service, shell, systemctl
from lampctl.resources.systemctl import Wait

CONNECTIONS = {  # what ss prints, and whether something is being answered
    "none": ("", False),
    "idle, answered 500 ms ago": ("0 0 127.0.0.1:80 127.0.0.1:9\n\t bbr lastsnd:500 lastrcv:520 lastack:460", False),
    "idle, answered at once": ("0 0 127.0.0.1:80 127.0.0.1:9\n\t cubic lastsnd:500 lastrcv:500 lastack:456", False),
    "a request": ("0 0 127.0.0.1:80 127.0.0.1:9\n\t cubic lastsnd:900 lastrcv:500 lastack:500", True),
    "a request as soon as the answer before it was sent": ("0 0 a b\n\t cubic lastsnd:500 lastrcv:500 lastack:500", True),
    "a request that nobody has read": ("158 0 127.0.0.1:80 127.0.0.1:9\n\t lastsnd:500 lastrcv:500 lastack:400", True),
    "an answer that is not all sent": ("0 9 127.0.0.1:80 127.0.0.1:9\n\t lastsnd:500 lastrcv:900 lastack:400", True),
    "an answer that goes on": ("0 0 127.0.0.1:80 127.0.0.1:9\n\t lastsnd:40 lastrcv:900 lastack:40", True),
    "a new connection": ("0 0 127.0.0.1:80 127.0.0.1:9\n\t cubic wscale:7,7", True),
    "an idle one, then a request": (
        "0 0 a b\n\t lastsnd:500 lastrcv:520 lastack:460\n0 0 a c\n\t lastsnd:900 lastrcv:500 lastack:500",
        True,
    ),
    "a request, then an idle one": (
        "0 0 a c\n\t lastsnd:900 lastrcv:500 lastack:500\n0 0 a b\n\t lastsnd:500 lastrcv:520 lastack:460",
        True,
    ),
}  # fmt: skip


def run(call: str, path: str, marker: Path) -> subprocess.CompletedProcess[str]:
    text = f"{shell.script('service/leave', leaves=str(marker))}{call}\n"
    return subprocess.run(
        [str(shutil.which("sh")), "-eu", "-c", text], env={"PATH": path}, capture_output=True, text=True, check=False
    )


def fake_ss(folder: Path, printed: str) -> str:
    """A PATH whose ss prints this."""
    folder.mkdir(exist_ok=True)
    (folder / "printed").write_text(f"{printed}\n" if printed else "")
    (folder / "ss").write_text(f"#!/bin/sh\ncat {folder}/printed\n")
    (folder / "ss").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.parametrize("case", CONNECTIONS)
def test_what_is_being_answered_is_known_by_its_connection(tmp_path: Path, case: str) -> None:
    printed, busy = CONNECTIONS[case]
    assert run("busy 80 5", fake_ss(tmp_path, printed), tmp_path / "80").returncode == (0 if busy else 1)


def test_without_ss_each_connection_counts(tmp_path: Path) -> None:
    for name in ("grep", "timeout"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            assert run(f"busy {port} 5", str(tmp_path), tmp_path / "x").returncode == 0
        server.accept()[0].close()
        assert run(f"busy {port} 5", str(tmp_path), tmp_path / "x").returncode == 1


ROW = " {:5}: 0100007F:{:04X} 0100007F:C350 {} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1\n"
STATES = ("01", "06", "0A")  # established, TIME-WAIT, listening


def test_without_ss_only_connections_to_the_port_count(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text("".join(ROW.format(0, port, state) for port in (80, 8001) for state in STATES))
    call = f"tables='{table} {tmp_path}/none'; busy %d 5"
    path = str(without_ss(tmp_path / "bin"))
    assert [run(call % port, path, tmp_path / "x").returncode for port in (80, 8001, 8000, 1)] == [0, 0, 1, 1]


def without_ss(folder: Path) -> Path:
    folder.mkdir()
    for name in ("cat", "chmod", "grep", "mkdir", "rm", "sleep", "timeout"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


def test_no_instance_waits_longer_than_five_seconds(tmp_path: Path) -> None:
    """Looks that take a while, one that does not end, and a table of 300,000 connections; all at the same time."""
    busy = CONNECTIONS["a request"][0]
    slow, stuck = (fake_ss(tmp_path / name, busy) for name in ("slow", "stuck"))
    (tmp_path / "slow/ss").write_text(f"#!/bin/sh\nsleep 0.4; cat {tmp_path}/slow/printed\n")
    (tmp_path / "stuck/ss").write_text("#!/bin/sh\nexec sleep 60\n")
    with (tmp_path / "tcp").open("w") as table:
        table.writelines(ROW.format(number, 443, "01") for number in range(300_000))
        table.write(ROW.format(300_000, 8000, "01"))
    calls = {slow: "leave", stuck: "leave", str(without_ss(tmp_path / "bin")): f"tables={tmp_path}/tcp; leave"}
    with ThreadPoolExecutor() as pool:
        took = [*pool.map(timed, calls, calls.values())]
    assert [4.9 < seconds < 7 for seconds in took] == [True] * 3, took  # the machine may have other things to do


def timed(path: str, call: str) -> float:
    """How many seconds the call takes."""
    began = time.monotonic()
    ran = run(call, path, Path(path.partition(":")[0]) / "leaving/8000")
    assert ran.returncode == 0, ran
    return time.monotonic() - began


def test_web_servers_know_while_an_instance_leaves(tmp_path: Path) -> None:
    marker = tmp_path / "run/8000"
    ran = run('leave; ls "${LEAVES%/*}"', fake_ss(tmp_path, ""), marker)
    assert (ran.returncode, ran.stdout, marker.exists()) == (0, "8000\n", False), ran


def test_instance_that_does_not_restart_alone_leaves_nothing() -> None:
    """A start, and the only instance: there is no other one that could answer."""
    several, only = Service("a@1.service", "site", leaves=1), Service("a@1.service", "site")
    assert "LEAVES=/run/lampctl-leaving/1\n" in systemctl.activate(several, Action.RESTART, Wait())
    assert "LEAVES=''\n" in systemctl.activate(only, Action.RESTART, Wait())


@pytest.mark.parametrize(
    ("count", "own", "groups"), [(1, True, 1), (2, True, 3), (3, True, 4), (64, True, 9), (2, False, 1)]
)
def test_each_instance_has_a_group_in_which_it_is_the_last_choice(count: int, own: bool, groups: int) -> None:
    members = upstreams.members("a.test", range(8000, 8000 + count))
    every, *others = upstreams.groups("a", members, own=own)
    assert (every.members, every.standby, len(others) + 1) == (members, (), groups)
    assert all({*group.members, *group.standby} == {*members} and group.members for group in others)
    spared = Counter(member.leaving for group in others for member in group.standby)
    assert spared == ({f"/run/lampctl-leaving/{8000 + number}": 1 for number in range(count)} if others else {})
