"""A WordPress that is moved to another name and back, with `lampctl db --load --replace`."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from tests.hosts.conftest import Host, RunResult

ELSEWHERE = "\u00fc.moved.example"
SEED = Path(__file__).with_name("serialized.php").read_bytes()
GUIDS = "SELECT ID, guid FROM wp_posts ORDER BY ID"
WRONG = "SELECT id FROM serialized WHERE BINARY was <> BINARY becomes"
SETTINGS = "SELECT option_value FROM wp_options WHERE option_name IN ('siteurl', 'widget_test')"


def move_there_and_back(host: Host, name: str, file: Path) -> None:
    """Moved away, its dump is a foreign one; moved back, nothing of that is left."""
    here, there = f"http://{name}", f"https://{ELSEWHERE}"

    def db(*words: str) -> RunResult:
        ran = host.everyday("db", name, *words)
        assert (ran.code, ran.err) == (0, ""), ran
        return ran

    _seed(host, name)
    guids = db("-e", GUIDS).out
    said = _load(db, file, here, there)
    assert "replaced in serialized: 400 rows" in said
    assert [line for line in said if "left" in line] == []
    move = " ".join(f"--replace '{scheme}://{ELSEWHERE}' --with {here}" for scheme in ("https", "http"))
    assert said[-1].endswith(f"lampctl db {host.box.name} {name} --load {file} {move}")
    assert db("-e", WRONG).out == ""
    settings = db("-e", SETTINGS).out
    assert (here in settings, settings.count(there)) == (False, 3)

    said = _load(db, file, there, here)
    assert said[-1].startswith(f"loaded {file}")
    assert db("-e", GUIDS).out == guids
    db("-e", "DROP TABLE serialized; DELETE FROM wp_options WHERE option_name = 'widget_test'")
    db("--dump", str(file))
    assert ELSEWHERE not in file.read_text()


def _seed(host: Host, name: str) -> None:
    decode = f"base64 -d <<< {base64.b64encode(SEED).decode()}"
    host.sh(f"set -o pipefail; {decode} | php | mariadb --default-character-set=utf8mb4 {name.replace('.', '_')}")


def _load(db: Callable[..., RunResult], file: Path, old: str, new: str) -> list[str]:
    db("--dump", str(file))
    return db("--load", str(file), "--replace", old, "--with", new).out.splitlines()
