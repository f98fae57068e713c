"""10,000 keep-alive connections, one request each every 5 s: Debian's own configuration compared with lampctl's.

All on one box, one after the other, each for the same time; the traffic goes only to that box.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lampctl.box import Boxes
from lampctl.errors import LampctlError
from tests.bench.holder import RAMP
from tests.bench.run import RELEASE, one_box, say

CONNECTIONS = 10_000
HOLDERS = 2
PAGE = "c10k.html"
SIZE = 811  # bytes

# As Debian installs it, unchanged; the page is in its document root.
STOCK = {
    "nginx": "systemctl disable -q --now apache2 2>/dev/null; apt-get -qqy --no-install-recommends install nginx",
    "apache": "apt-get -qqy purge nginx nginx-common; apt-get -qqy --no-install-recommends install apache2; "
    "systemctl restart apache2",
    "front": "sed -i 's/^Listen 80/Listen 127.0.0.1:8080/' /etc/apache2/ports.conf; "
    "sed -i 's/:80>/:8080>/' /etc/apache2/sites-enabled/*; systemctl restart apache2; "
    "apt-get -qqy --no-install-recommends install nginx; "
    "sed -i 's|try_files .*|proxy_pass http://127.0.0.1:8080;|' /etc/nginx/sites-available/default; "
    "systemctl restart nginx",
}
CLEAN = "apt-get -qqy purge nginx nginx-common apache2 apache2-bin apache2-data apache2-utils; rm -rf /etc/apache2"
OURS = {
    "nginx": ("--set", "web.server=nginx"),
    "apache": ("--set", "web.server=apache"),
    "front": ("--set", "web.server=apache", "--set", "web.front=nginx"),
}
NAMES = {"nginx": "NGINX, static", "apache": "Apache, static", "front": "NGINX → Apache, proxied"}


@dataclass(frozen=True)
class Row:
    """The result of one configuration."""

    name: str
    live: int
    rate: float  # answers per second
    p99: float  # milliseconds
    errors: Counter[str]


def main() -> int:
    options = _options()
    try:
        with one_box(Boxes(options.home, say), "c10k") as boxes:
            rows = list(_rows(boxes, options.seconds))
    except (LampctlError, subprocess.CalledProcessError) as error:
        print(f"c10k: {error}\n{getattr(error, 'stderr', '') or ''}", file=sys.stderr)
        return 1
    print("\n".join(table(rows)))
    return 0 if all(not row.errors for row in rows if row.name.startswith("lampctl")) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-c10k", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="for which all connections are held")
    parser.add_argument("--home", type=Path, default=Path("/var/lib/lampctl-box-c10k"), help="removed at the end")
    return parser.parse_args()


def _rows(boxes: Boxes, seconds: int) -> Iterator[Row]:
    box = boxes.list()[0]

    def sh(script: str) -> None:
        argv = boxes.ssh_argv(box.name, f"export DEBIAN_FRONTEND=noninteractive; {{ {script}; }} >/dev/null 2>&1")
        subprocess.run(argv, check=True, capture_output=True, text=True)

    sh("apt-get -qq update")
    for kind, script in STOCK.items():
        sh(script)
        yield _measure(f"Debian: {NAMES[kind]}", box.address, "/var/www/html", sh, seconds)
    sh(CLEAN)
    for kind, settings in OURS.items():
        program = str(Path(sys.executable).with_name("lampctl"))
        argv = [program, "deploy", box.name, "-p", "static", *settings, "-F", str(boxes.ssh_config), "-q"]
        subprocess.run(argv, check=True, capture_output=True, text=True)
        yield _measure(f"lampctl: {NAMES[kind]}", box.address, "/var/www/static.test", sh, seconds)


def _measure(name: str, address: str, root: str, sh: Callable[[str], None], seconds: int) -> Row:
    say(f"{name}: {CONNECTIONS} connections for {seconds} s")
    sh(f"head -c {SIZE} /dev/zero | tr '\\0' x > {root}/{PAGE}")
    began = time.monotonic()
    argv = [sys.executable, "-m", "tests.bench.holder", address, str(CONNECTIONS // HOLDERS), str(seconds)]
    holders = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(HOLDERS)]
    found = [json.loads(holder.communicate()[0]) for holder in holders]
    times = sorted(ms for one in found for ms in one["times"])
    errors = sum((Counter(one["errors"]) for one in found), Counter[str]())
    rate = len(times) / (time.monotonic() - began - RAMP / 2)
    p99 = times[len(times) * 99 // 100] if times else 0.0
    return Row(name, sum(one["live"] for one in found), rate, p99, errors)


def table(rows: list[Row]) -> Iterator[str]:
    yield f"{CONNECTIONS} keep-alive connections, one request each every 5 s; a file of {SIZE} bytes; Debian {RELEASE}"
    yield ""
    yield "| | live to the end | answers/s | p99 | errors |"
    yield "| --- | --- | --- | --- | --- |"
    for row in rows:
        errors = ", ".join(f"{count} {kind}" for kind, count in row.errors.most_common()) or "0"
        yield f"| {row.name} | {row.live:,} | {row.rate:,.0f} | {row.p99:,.0f} ms | {errors} |"


if __name__ == "__main__":
    sys.exit(main())
