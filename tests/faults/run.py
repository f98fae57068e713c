"""Runs the whole table: `make faults`, or `python -m tests.faults.run [BOOK …] [--only PATTERN] [--skip N] [--json FILE]`.

Boots a host for each playbook and deploys it once. Then, for each row: break, check, try the hint, mend, check again. A
host that could not be mended is replaced by its snapshot, so that no row depends on the one before.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lampctl.box import Boxes
from tests.faults.report import line, summary, verdict
from tests.faults.table import NAMES, Book, Control, Fault, book
from tests.faults.trial import Bench, Trial, culprit, try_control, try_fault
from tests.hosts.acme import Pebble, pebble
from tests.hosts.conftest import HOME, Host

RELEASE = "trixie"
TRUST = "cat > /usr/local/share/ca-certificates/lab.crt "
SHIFT = 100  # the ACME server's ports differ from those of the host tests


def main() -> int:
    options = _options()
    boxes = Boxes(HOME)
    trials: list[Trial] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in options.books or NAMES:
            for trial in _trials(boxes, book(name), folder, options):
                trials.append(trial)
                print(line(trial), flush=True)
    print(summary(trials))
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(trial) for trial in trials], indent=1))
    return 0 if verdict(trials) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.run")
    parser.add_argument("books", nargs="*", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--only", default="", help="rows whose name matches this regular expression")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many of them")
    parser.add_argument("--json", default="", help="write the trials to this file")
    return parser.parse_args()


def _trials(boxes: Boxes, given: Book, folder: Path, options: argparse.Namespace) -> Iterator[Trial]:
    every: list[Fault | Control] = [*given.faults, *given.controls]
    rows = [row for row in every if re.search(options.only, row.name)][options.skip :]
    if not rows:
        return
    with deployed(boxes, given, folder) as lab:
        bench = lab.fresh()
        for row in rows:
            trial = try_fault(bench, row) if isinstance(row, Fault) else try_control(bench, row)
            yield trial
            if not trial.green:
                bench = lab.fresh()


@dataclass(frozen=True)
class _Lab:
    """What the host of a book needs around it."""

    boxes: Boxes
    book: Book
    path: Path  # of the playbook
    server: Pebble | None  # the ACME server

    @property
    def name(self) -> str:
        return f"faults-{self.book.name}"

    def boot(self, snapshot: str | None = None) -> Bench:
        """The host, with what a boot changes: its address, and what the names resolve to."""
        host = Host(self.boxes.up(self.name, RELEASE, snapshot=snapshot), self.boxes)
        trust = self.server.root if self.server else None
        bench = Bench(host, self.book, lambda command: host.lampctl(command, "HOST", "-p", str(self.path), trust=trust))
        bench.sh(_names(host, self.book.names))
        for name in self.book.names if self.server else ():
            self.server.resolve(name, host.box.address)  # type: ignore[union-attr]
        bench.sh(self.book.setup)
        return bench

    def fresh(self) -> Bench:
        """The host as it was after its first deploy."""
        if self.boxes.get(self.name):
            self.boxes.down(self.name)
        bench = self.boot(self.name)
        bench.lampctl("deploy")
        return bench

    def remove(self) -> None:
        if self.boxes.get(self.name):
            self.boxes.down(self.name)
        shutil.rmtree(self.boxes.home / "snapshots" / self.name, ignore_errors=True)


@contextmanager
def deployed(boxes: Boxes, given: Book, folder: Path) -> Iterator[_Lab]:
    """Deploys a book's host, and keeps a snapshot of it."""
    with ExitStack() as stack:
        server = stack.enter_context(pebble(_folder(folder, given.name), SHIFT)) if given.acme else None
        path = folder / f"{given.name}.yml"
        path.write_text(given.playbook.replace("DIRECTORY", server.directory if server else ""))
        lab = _Lab(boxes, given, path, server)
        lab.remove()
        stack.callback(lab.remove)
        bench = lab.boot()
        if server:
            bench.sh(f"{TRUST}<<'END'\n{server.authority}END\nupdate-ca-certificates")
        ran = bench.lampctl("deploy")
        if ran.code:  # on a busy machine the first page of a new application may be too slow
            ran = bench.lampctl("deploy")
        if ran.code:
            sys.exit(f"{lab.name}: the first deploy failed: {culprit(ran)}")
        boxes.snapshot(lab.name, lab.name)
        yield lab


def _folder(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir()
    return path


def _names(host: Host, names: Sequence[str]) -> str:
    """Shell that makes the host resolve the names to itself."""
    lines = "".join(f"{host.box.address} {name}\\n" for name in names)
    pattern = "|".join(names) or "-"
    return f"sed -i -E '/ ({pattern})$/d' /etc/hosts; printf '{lines}' >> /etc/hosts"


if __name__ == "__main__":
    sys.exit(main())
