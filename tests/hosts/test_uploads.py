"""What a deploy uploads of a release: the files that the host does not have; and that the release is the same."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

BOOK = """
web: {}
php: {}
sites:
  parts.test: {source: app, writable: [var], shared: [storage/]BUILD}
"""
RELEASE = "/var/www/parts.test/current"
MIB = 1 << 20


def write(folder: Path, name: str, seed: int, size: int = MIB // 4) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(random.Random(seed).randbytes(size))


def make(folder: Path) -> None:
    """An application of 4 MiB."""
    folder.mkdir()
    (folder / "index.php").write_text("<?php echo 'parts';")
    for number in range(14):
        write(folder, f"assets/{number}", number)
    write(folder, "odd/two\nlines and ünï", 20)
    write(folder, "odd/again", 20)
    write(folder, "bin/tool", 20)
    (folder / "bin/tool").chmod(0o755)
    (folder / "assets/none").touch()
    (folder / "empty").mkdir()
    (folder / "link").symlink_to("assets/1")
    write(folder, "var/cache", 21)


def deploy(host: Host, folder: Path, build: str = "") -> tuple[RunResult, int, list[int]]:
    """How it ended, the bytes that the host received, and the KiB that it says were uploaded for the site."""
    count = "cat /sys/class/net/host0/statistics/rx_bytes"
    (folder / "parts.yml").write_text(BOOK.replace("BUILD", build))
    before = int(host.sh(count))
    ran = host.lampctl("deploy", "HOST", "-p", str(folder / "parts.yml"), "--format", f"text:{folder}/shown")
    assert ran.code == 0, ran
    noted = re.findall(
        r"(\d+) KiB, compressed, are uploaded for the \d+ KiB of parts.test: ", (folder / "shown").read_text()
    )
    return ran, int(host.sh(count)) - before, [int(size) for size in noted]


def wanted(folder: Path) -> dict[str, str]:
    """Path → what is there: of a file, its mode and digest; of a link, where it points to."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"l {path.readlink()}"
        elif path.is_dir():
            found[name] = "d"
        else:
            mode = "640" if path.suffix == ".php" else "755" if path.stat().st_mode & 0o100 else "644"
            found[name] = f"{mode} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return found


def released(host: Host, *left_out: str) -> dict[str, str]:
    """The same of the release that is served."""
    listing = host.sh(f"cd {RELEASE}/ && find . -mindepth 1 -printf '%y %m %n %P\\t%l\\0' | base64 -w 0")
    sums = host.sh(f"cd {RELEASE}/ && find . -type f -print0 | xargs -0 sha256sum -z | base64 -w 0")

    digests = {row[68:]: row[:64] for row in base64.b64decode(sums).decode().split("\0") if row}
    found = {}
    for row in filter(None, base64.b64decode(listing).decode().split("\0")):
        kind, mode, links, rest = row.split(" ", 3)
        name, _, target = rest.rpartition("\t")
        assert kind != "f" or links == "1", f"{name} is a file of another release as well"
        found[name] = {"l": f"l {target}", "d": "d"}.get(kind, f"{mode} {digests.get(name, '')}")
    return {name: text for name, text in found.items() if name not in left_out}


def test_only_what_the_host_does_not_have_is_uploaded(host: Host, tmp_path: Path) -> None:
    app = tmp_path / "app"
    make(app)
    _, received, noted = deploy(host, tmp_path)
    assert (received > 4 * MIB, noted) == (True, []), "all of it"
    assert released(host, "storage") == wanted(app), "storage is shared"

    write(app, "assets/3", 30)
    second, received, noted = deploy(host, tmp_path)
    print(f"{received} bytes received, {second.host['round_trips']} round trips, {second.host['timings']}")
    assert received < 2 * MIB
    assert 512 <= noted[0] < 600, "that file, and what the site's user can write"
    assert released(host, "storage") == wanted(app)

    again, _, noted = deploy(host, tmp_path)
    assert (again.changes, noted) == ({}, [])
    (app / "index.php").write_text("<?php echo 'other parts';")
    host.sh(f"echo >> {RELEASE}/assets/5; echo >> {RELEASE}/assets/6; chmod o+w {RELEASE}/assets/7")
    host.sh(f"rm {RELEASE}/assets/8 && ln -s 9 {RELEASE}/assets/8")
    built, received, noted = deploy(host, tmp_path, ", build: [cp -r assets built]")
    assert 5 * 256 <= noted[0] < 1400, "what was changed, too"
    expected = wanted(app)
    expected |= {f"built{name[6:]}": text for name, text in expected.items() if re.match("assets(/|$)", name)}
    assert released(host, "storage") == expected
    assert built.host["round_trips"] == second.host["round_trips"]
