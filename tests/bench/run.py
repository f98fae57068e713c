"""Compares lampctl with `ssh HOST true` and with pyinfra, and `lampctl --help` with Python itself.

Everything is timed in one run, in turns, with nothing left to change on the host. A missed aim is shown; the exit code
only tells whether everything worked.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from lampctl import __version__
from lampctl.box import Boxes
from lampctl.errors import LampctlError
from tests.bench.contenders import Arena
from tests.bench.measure import alternate
from tests.bench.table import Aim, table

AIMS = (
    Aim("lampctl deploy", "ssh HOST true", "≤", 5),
    Aim("pyinfra", "lampctl deploy", "≥", 3),
    Aim("lampctl --help", "python -c pass"),
)
RELEASE = "trixie"


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the box is removed
    try:
        with one_box(Boxes(options.home, say), "bench") as boxes:
            arena = Arena(boxes, "bench", str(Path(sys.executable).with_name("lampctl")), options.pyinfra)
            series = alternate(arena.contenders(say), options.rounds, say)
    except LampctlError as error:
        print(f"bench: {error.message}", error.evidence, f"  → {error.hint}", sep="\n", file=sys.stderr)
        return 1
    print("\n".join(table(series, AIMS, _versions(options.pyinfra))))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--pyinfra", required=True, help="the program, in a venv of its own")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--home", type=Path, default=Path("/var/lib/lampctl-box-bench"), help="where the box lives; removed at the end"
    )
    return parser.parse_args()


def say(text: str) -> None:
    print(text, file=sys.stderr)


@contextmanager
def one_box(boxes: Boxes, name: str) -> Iterator[Boxes]:
    """A bare host in its own home. Leftovers of a killed run are removed before, everything is removed after."""
    _remove(boxes)
    try:
        boxes.up(name, RELEASE)
        yield boxes
    finally:
        _remove(boxes)


def _remove(boxes: Boxes) -> None:
    for box in boxes.list():
        boxes.down(box.name)
    shutil.rmtree(boxes.home, ignore_errors=True)


def _versions(pyinfra: str) -> Mapping[str, str]:
    def printed(*argv: str) -> str:
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
        return (done.stdout + done.stderr).strip()

    return {
        "lampctl": __version__,
        "paramiko": version("paramiko"),
        "pyinfra": printed(pyinfra, "--version").split()[-1].removeprefix("v"),
        "Python": platform.python_version(),
        "ssh": printed("ssh", "-V").split(",")[0],
        "host": f"Debian {RELEASE}",
    }


if __name__ == "__main__":
    sys.exit(main())
