"""Keys typed during the live view, in a pseudo-terminal with lampctl or a shell in the foreground."""

from __future__ import annotations

import os
import pty
import select
import signal
import socket
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

LAMPCTL = str(Path(sys.executable).parent / "lampctl")
HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"  # the cursor


class Terminal:
    """`seen`: everything printed so far, with the typed keys if they are echoed."""

    def __init__(self, *argv: str) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # background jobs of a script ignore it
            os.execvpe(argv[0], argv, {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"})
        self.seen = ""

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until `text` has been printed `times` times from now on."""
        before, deadline = len(self.seen), time.monotonic() + 60
        while self.seen[before:].count(text) < times:
            assert select.select([self._fd], [], [], deadline - time.monotonic())[0], self.seen
            self.seen += os.read(self._fd, 4096).decode(errors="replace")

    def wait(self) -> int:
        """Wait for the end of the program; returns its exit code."""
        try:
            while chunk := os.read(self._fd, 4096):
                self.seen += chunk.decode(errors="replace")
        except OSError:  # on Linux: the other side is closed
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    @property
    def is_restored(self) -> bool:
        echo = termios.tcgetattr(self._fd)[3] & termios.ECHO
        return bool(echo) and self.seen.rfind(SHOWN) >= self.seen.rfind(HIDDEN)


@pytest.fixture
def check() -> Iterator[list[str]]:
    """The arguments of a run that waits for a silent host."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield [LAMPCTL, "check", f"127.0.0.1:{server.getsockname()[1]}", "-F", "/dev/null", "--timeout", "60"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_typed_keys_are_not_echoed_into_the_live_view(check: list[str], number: int, code: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    tty = Terminal(*check, "--format", "text", "--format", f"json:{report}")
    tty.wait_for("connecting")
    tty.type("hello\r")
    tty.wait_for("connecting", 3)
    assert "hello" not in tty.seen
    os.kill(tty.pid, number)
    tty.wait_for("lampctl: interrupted")
    assert tty.is_restored
    assert tty.wait() == code
    assert '"interrupted"' in report.read_text()


def test_ctrl_z_restores_the_terminal_until_the_run_continues(check: list[str]) -> None:
    script = f"set -m; {' '.join(check)}; echo left $?; read -r _; fg; echo ended $?"
    tty = Terminal("bash", "--norc", "-c", script)
    tty.wait_for("connecting")
    tty.type("\x1a")
    tty.wait_for("left 148")
    assert tty.is_restored
    tty.type("\r")
    tty.wait_for("connecting", 2)
    assert not tty.is_restored
    tty.type("\x03")
    tty.wait_for("ended 130")
    assert tty.is_restored
    tty.wait()


def test_background_job_leaves_the_terminal_alone() -> None:
    tty = Terminal("bash", "--norc", "-c", f"set -m; {LAMPCTL} check 127.0.0.1:1 -F /dev/null & wait $!; echo ended $?")
    tty.wait_for("ended 3")
    assert tty.is_restored
    tty.wait()


def test_password_is_read_before_the_live_view_and_never_shown(check: list[str]) -> None:
    tty = Terminal(*check, "--ask-sudo-pass")
    tty.wait_for("sudo password: ")
    tty.type("open sesame\r")
    tty.wait_for("connecting")
    tty.type("\x03")
    assert tty.wait() == 130
    assert "sesame" not in tty.seen


QUESTION = """
import select
from lampctl.cli.terminal import confirm_changes, showing
from lampctl.journal.events import PhaseBegan
from lampctl.report.live import LiveReporter

shown = LiveReporter(several=False)
with showing(shown):
    shown.event(PhaseBegan("web1", "connect"))
    select.select([0], [], [])
    print("trusted", confirm_changes("web1", [], shown))
"""


def test_keys_typed_before_a_question_do_not_answer_it() -> None:
    tty = Terminal(sys.executable, "-c", QUESTION)
    tty.wait_for("connecting")
    tty.type("y\r")
    tty.wait_for("Apply these 0 changes to web1? [y/N]:")
    tty.type("n\r")
    tty.wait_for("trusted False")
    assert tty.wait() == 0


def test_end_of_input_is_no() -> None:
    tty = Terminal(sys.executable, "-c", QUESTION)
    tty.wait_for("connecting")
    tty.type("\r")
    tty.wait_for("Apply these 0 changes to web1? [y/N]:")
    tty.type("\x04")
    tty.wait_for("trusted False")
    assert tty.wait() == 0
