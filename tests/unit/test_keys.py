"""What is typed while something is live: in a pseudo-terminal, of which lampctl or a shell is the foreground."""

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
    """`seen`: all that was printed so far, with what was typed where that is echoed."""

    def __init__(self, *argv: str) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # which jobs in the background of a script ignore
            os.execvpe(argv[0], argv, {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"})
        self.seen = ""

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def until(self, text: str, times: int = 1) -> None:
        """Until it has been printed so often from now on."""
        before, deadline = len(self.seen), time.monotonic() + 20
        while self.seen[before:].count(text) < times:
            assert select.select([self._fd], [], [], deadline - time.monotonic())[0], self.seen
            self.seen += os.read(self._fd, 4096).decode(errors="replace")

    def end(self) -> int:
        """The exit code."""
        try:
            while chunk := os.read(self._fd, 4096):
                self.seen += chunk.decode(errors="replace")
        except OSError:  # so Linux says that there is nobody any more
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    @property
    def as_it_was(self) -> bool:
        echo = termios.tcgetattr(self._fd)[3] & termios.ECHO
        return bool(echo) and self.seen.rfind(SHOWN) >= self.seen.rfind(HIDDEN)


@pytest.fixture
def check() -> Iterator[list[str]]:
    """A run that waits for a host that never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield [LAMPCTL, "check", f"127.0.0.1:{server.getsockname()[1]}", "-F", "/dev/null", "--timeout", "60"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_typed_keys_are_not_echoed_into_the_live_view(check: list[str], number: int, code: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    tty = Terminal(*check, "--format", "text", "--format", f"json:{report}")
    tty.until("connecting")
    tty.type("hello\r")
    tty.until("connecting", 3)
    assert "hello" not in tty.seen
    os.kill(tty.pid, number)
    tty.until("lampctl: interrupted")
    assert tty.as_it_was
    assert tty.end() == code
    assert '"interrupted"' in report.read_text()


def test_ctrl_z_gives_the_terminal_back_until_the_run_goes_on(check: list[str]) -> None:
    script = f"set -m; {' '.join(check)}; echo left $?; read -r _; fg; echo ended $?"
    tty = Terminal("bash", "--norc", "-c", script)
    tty.until("connecting")
    tty.type("\x1a")
    tty.until("left 148")
    assert tty.as_it_was
    tty.type("\r")
    tty.until("connecting", 2)
    assert not tty.as_it_was
    tty.type("\x03")
    tty.until("ended 130")
    assert tty.as_it_was
    tty.end()


def test_job_in_the_background_leaves_the_terminal_alone() -> None:
    tty = Terminal("bash", "--norc", "-c", f"set -m; {LAMPCTL} check 127.0.0.1:1 -F /dev/null & wait $!; echo ended $?")
    tty.until("ended 3")
    assert tty.as_it_was
    tty.end()


def test_password_is_read_before_and_never_shown(check: list[str]) -> None:
    tty = Terminal(*check, "--ask-sudo-pass")
    tty.until("sudo password: ")
    tty.type("open sesame\r")
    tty.until("connecting")
    tty.type("\x03")
    assert tty.end() == 130
    assert "sesame" not in tty.seen


QUESTION = """
import select
from lampctl.cli.terminal import showing, trusted
from lampctl.journal.events import PhaseBegan
from lampctl.report.live import LiveReporter

shown = LiveReporter(several=False)
with showing(shown):
    shown.event(PhaseBegan("web1", "connect"))
    select.select([0], [], [])
    print("trusted", trusted("Is it the host's?", shown))
"""


def test_keys_typed_before_the_question_are_no_answer() -> None:
    tty = Terminal(sys.executable, "-c", QUESTION)
    tty.until("connecting")
    tty.type("y\r")
    tty.until("Is it the host's? [y/N]:")
    tty.type("n\r")
    tty.until("trusted False")
    assert tty.end() == 0
