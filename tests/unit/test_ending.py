"""Runs that end early, by Ctrl-C or a closed pipe: they end fast and quietly. The terminal is in test_keys."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

LAMPCTL = str(Path(sys.executable).parent / "lampctl")


@pytest.fixture
def silent() -> Iterator[list[socket.socket]]:
    """Two hosts that accept connections and never send anything."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    yield servers
    for server in servers:
        server.close()


def check(servers: list[socket.socket], *more: str) -> subprocess.Popen[str]:
    """Start `lampctl check`, which waits for all of the servers."""
    hosts = [f"127.0.0.1:{server.getsockname()[1]}" for server in servers]
    argv = [LAMPCTL, "check", *hosts, "-F", "/dev/null", "--timeout", "60", *more]
    process = subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TERM": "xterm"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    for server in servers:
        server.settimeout(20)
        server.accept()
    return process


@pytest.mark.parametrize("hosts", [1, 2])
def test_interrupt_does_not_wait_for_hosts(silent: list[socket.socket], hosts: int) -> None:
    process = check(silent[:hosts])
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, stderr = process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert stderr.startswith("lampctl: interrupted: ")
    assert len(stderr.splitlines()) == 2


def test_interrupt_still_prints_a_document(silent: list[socket.socket]) -> None:
    process = check(silent, "--format", "json")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (130, "")
    assert json.loads(stdout)["error"]["kind"] == "interrupted"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["playbook", "show"],
        ["playbook", "schema"],
        ["check", "no-such-host.invalid", "-F", "/dev/null"],
        ["check", "no-such-host.invalid", "127.0.0.1:1", "-F", "/dev/null"],
        ["check", "no-such-host.invalid", "-F", "/dev/null", "--format", "json"],
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_closed_pipe_ends_the_run_quietly(arguments: list[str], unbuffered: str) -> None:
    read, write = os.pipe()
    os.close(read)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(
        [LAMPCTL, *arguments], stdout=write, stderr=subprocess.PIPE, text=True, check=False, env=environment
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_full_disk_under_stdout_is_reported() -> None:
    with Path("/dev/full").open("w") as full:
        argv = [LAMPCTL, "playbook", "show"]
        environment = {**os.environ, "PYTHONUNBUFFERED": ""}
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (1, "lampctl: can't write the output: No space left on device\n")


def test_terminal_without_unicode_does_not_end_the_run() -> None:
    argv = [LAMPCTL, "check", "no-such-host.invalid", "-F", "/dev/null"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "the name does not resolve" in done.stdout


@pytest.mark.parametrize("argv", [["--help"], ["playbook", "list"], ["explain", "web"], ["check", "127.0.0.1:1"]])
def test_full_disk_is_no_bug_of_lampctl(argv: list[str]) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run([LAMPCTL, *argv], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "can't write the output: No space left on device" in done.stderr
    assert "bug" not in done.stderr


def test_closed_stdin_is_no_bug_of_lampctl() -> None:
    script = f"{LAMPCTL} check 127.0.0.1:1 -F /dev/null <&-"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "bug" not in done.stderr + done.stdout
