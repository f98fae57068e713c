"""A real terminal of 80 × 24 in tmux: what a person would see and type."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COLUMNS, ROWS = 80, 24
PROMPT = "ready>"
BASH = "bash --noprofile --rcfile ./bashrc"


@dataclass(frozen=True)
class Terminal:
    """`screens`: the distinct screens seen so far."""

    socket: Path
    screens: list[str]

    def type(self, *keys: str) -> None:
        """Type words literally; `Enter`, `Tab` and `C-c` are keys."""
        self._tmux("send-keys", "-t", "t", *keys)

    def screen(self) -> str:
        shown = self._tmux("capture-pane", "-p", "-t", "t")
        if not self.screens or self.screens[-1] != shown:
            self.screens.append(shown)
        return shown

    def wait_for(self, ready: Callable[[str], bool], seconds: float = 60) -> str:
        """Wait for a screen for which `ready` is true; returns it."""
        deadline = time.monotonic() + seconds
        while not ready(shown := self.screen()):
            assert time.monotonic() < deadline, shown
            time.sleep(0.05)
        return shown

    def has_cursor(self) -> bool:
        return self._tmux("display-message", "-p", "-t", "t", "#{cursor_flag}").strip() == "1"

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=True, timeout=20
        )
        return done.stdout


@contextmanager
def terminal(folder: Path, shell: str = BASH, rows: int = ROWS) -> Iterator[Terminal]:
    """Run a shell in `folder`, with lampctl in its PATH."""
    (folder / "bashrc").write_text(f"PS1='{PROMPT} '\n")
    found = Terminal(folder / "tmux", [])
    environment = _environment(folder)
    argv = ["tmux", "-S", str(found.socket), "-f", "/dev/null", "new-session", "-d", "-s", "t"]
    command = f"cd {shlex.quote(str(folder))}; exec {shell}"
    subprocess.run([*argv, "-x", str(COLUMNS), "-y", str(rows), command], env=environment, check=True, timeout=20)
    try:
        yield found
    finally:
        subprocess.run(["tmux", "-S", found.socket, "kill-server"], check=False, timeout=20)


def _environment(folder: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    home = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "LAMPCTL_BOX_HOME": str(folder / "boxes")}
    return {**os.environ, **home, "PATH": path, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
