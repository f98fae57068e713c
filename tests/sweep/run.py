"""Cuts deploys at every step boundary and at random moments, in every way: `make sweep`.

Prints a line for each cut that left a fault, and a summary. The exit code is 1 if there was one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from lampctl.box import Boxes
from tests.sweep.cuts import WAYS, Found, Lab, Moment, measure, try_cut

RELEASE = "trixie"


def main() -> int:
    options = _options()
    boxes = Boxes(options.home, lambda text: print(text, file=sys.stderr))
    found: list[Found] = []
    for server in options.servers:
        with TemporaryDirectory() as folder:
            for what, cut in (("changing", _changing), ("first", _first)):
                for label, one in cut(boxes, Path(folder), server, options):
                    found.append(one)
                    print(f"{server} {what} {label}: {'; '.join(one.faults) or 'ok'}", flush=True)
    bad = sum(bool(one.faults) for one in found)
    late = sum(one.was_late for one in found)
    print(
        f"{len(found)} cuts ({late} after the deploy's end), {sum(one.requests for one in found)} requests, "
        f"{sum(one.mixed for one in found)} of them mixed, {bad} left a fault"
    )
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make sweep", description=__doc__)
    parser.add_argument("--moments", type=int, default=50, help="random moments for each web server, changing deploys")
    parser.add_argument("--first", type=int, default=8, help="random moments for each web server, first deploys")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100_000)
    parser.add_argument("--ways", nargs="+", default=list(WAYS))
    parser.add_argument("--servers", nargs="+", default=["apache", "nginx"])
    parser.add_argument("--home", type=Path, default=Path("/var/lib/lampctl-box-sweep"))
    options = parser.parse_args()
    print(f"--seed {options.seed}")
    return options


def _changing(boxes: Boxes, folder: Path, server: str, options: argparse.Namespace) -> Iterator[tuple[str, Found]]:
    """Between two states, back and forth."""
    box = boxes.up(f"sweep-{server}", RELEASE)
    lab = Lab(box, boxes, options.home, folder, server)
    try:
        duration, steps = measure(lab)
        chance = random.Random(options.seed)
        moments = [Moment(step) for step in range(steps)] + [
            Moment(seconds=chance.uniform(0, duration)) for _ in range(options.moments)
        ]
        version = "one"
        for number, moment in enumerate(moments):
            for way in options.ways if moment.step is not None else [options.ways[number % len(options.ways)]]:
                version = "two" if version == "one" else "one"
                yield f"{way} {moment}", try_cut(lab, way, moment, version)
    finally:
        boxes.down(box.name)


def _first(boxes: Boxes, folder: Path, server: str, options: argparse.Namespace) -> Iterator[tuple[str, Found]]:
    """Deploys to a bare host. It is booted anew for each."""
    chance = random.Random(options.seed)
    for number in range(options.first):
        box = boxes.up(f"first-{server}", RELEASE)
        way, moment = options.ways[number % len(options.ways)], Moment(seconds=chance.uniform(1, 40))
        try:
            lab = Lab(box, boxes, options.home, folder, server)
            yield f"{way} {moment}", try_cut(lab, way, moment, "one", first=True)
        finally:
            boxes.down(box.name)


if __name__ == "__main__":
    raise SystemExit(main())
