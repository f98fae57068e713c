"""Every kind of change while a crowd requests pages: `make loops`. Is a request lost?

For each web server, at least 10,000 requests; a line for each change, with its requests, those that failed, and the longest
wait. A switch of the web server is the one change of which the plan says that requests fail; all others must lose none.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from lampctl.box import Boxes
from lampctl.errors import LampctlError
from tests.bench.run import one_box
from tests.loops.crowd import Tally, crowd

SITE, LAMPCTL = "loop.test", str(Path(sys.executable).with_name("lampctl"))
PAGE = "<?php usleep((int) (1e6 * ($_GET['wait'] ?? 0))); echo 'done %s';\n"
BOOK = f"""
id: loops
web: {{server: {{server}}}}
php: {{memory_limit: 128M}}
sites:
  {SITE}: {{type: php, source: ./site}}
"""
OTHER = "  other.test: {type: static}\n"
Prepare = Callable[[], tuple[str, ...]]
FREE = "switch of the web server"  # may lose requests: the plan says so


def main() -> int:
    options = _options()
    lost = 0
    try:
        with one_box(Boxes(options.home, say), "loops") as boxes, TemporaryDirectory() as folder:
            for server, other in (("apache", "nginx"), ("nginx", "apache")):
                lost += _server(boxes, Path(folder), server, other, options.requests)
    except LampctlError as error:
        say(f"loops: {error.message}\n{error.evidence}\n  → {error.hint}")
        return 1
    return 1 if lost else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make loops", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="at least, for each web server")
    parser.add_argument("--home", type=Path, default=Path("/var/lib/lampctl-box-loops"), help="where the box lives")
    return parser.parse_args()


def say(text: str) -> None:
    print(text, file=sys.stderr)


def _server(boxes: Boxes, folder: Path, server: str, other: str, least: int) -> int:
    """Run all changes; returns how many requests were lost that must not be."""
    address, lost = boxes.list()[0].address, 0
    _write(folder, server, "first")
    _deploy(boxes, folder)
    changes = list(_changes(folder, server, other))
    print(f"{server:36} requests  failed  outage  longest wait")
    for what, command in changes:
        tally = Tally()
        with crowd(address, SITE, tally, least // len(changes)):
            _deploy(boxes, folder, *command())
        kinds = "; ".join(f"{count} x {kind}" for kind, count in Counter(w for _, _, w in tally.failures).items())
        print(f"  {what:34} {tally.requests:8}  {len(tally.failures):6}  {tally.outage:4.1f} s  {tally.longest:10.1f} s  {kinds}", flush=True)  # fmt: skip
        lost += 0 if what.startswith(FREE) else len(tally.failures)
    return lost


def _changes(folder: Path, server: str, other: str) -> Iterator[tuple[str, Prepare]]:
    """(what it is, what prepares it and returns lampctl's arguments)."""

    def book(*args: str, use: str = server, page: str = "first", more: str = "") -> Prepare:
        def prepare() -> tuple[str, ...]:
            _write(folder, use, page, more)
            return args

        return prepare

    yield "a package", book("--set", "linux.packages=[tree]")
    yield "a setting of the web server", book("--set", "web.keepalive_timeout=9")
    yield "a setting of PHP", book("--set", "php.memory_limit=144M")
    yield "an extension of PHP", book("--set", "php.extensions=[gd]")
    yield "a release", book(page="second")
    yield "undo", lambda: ("undo",)
    yield "another site", book(more=OTHER)
    yield "one site less", book()
    yield f"{FREE} to {other}", book(use=other)
    yield f"{FREE} back", book()


def _write(folder: Path, server: str, page: str, more: str = "") -> None:
    (folder / "site").mkdir(exist_ok=True)
    (folder / "site/index.php").write_text(PAGE % page)
    (folder / "site.yml").write_text(BOOK.replace("{server}", server) + more)


def _deploy(boxes: Boxes, folder: Path, *args: str) -> None:
    command, more = ("undo", ()) if args[:1] == ("undo",) else ("deploy", args)
    argv = [LAMPCTL, command, "loops", "-p", "site.yml", "-F", str(boxes.ssh_config), "--format", "json", *more]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        host = json.loads(done.stdout)["hosts"][0]
        raise LampctlError(
            f"{' '.join(argv[:3])} failed: {host['error'] or host['culprit']}", "look at its own message"
        )


if __name__ == "__main__":
    sys.exit(main())
