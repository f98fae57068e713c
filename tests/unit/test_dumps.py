"""Dumps: what is read of a file before it is loaded, what is written, and the words for a load that failed."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampctl.engine.database import parameters
from lampctl.engine.dumps import Inspection, opened, saved
from lampctl.engine.loading import Loader
from lampctl.engine.records import Database, Record
from lampctl.errors import LampctlError, Unreachable, UsageError
from lampctl.resources.shell import script
from lampctl.ssh import Batch

SHOP = Record(
    "shop.test", user="site-shop-test", runs_code=True, database=Database("shop_test", "shop_test", "mariadb")
)
SAFETY = "/var/lib/lampctl/dumps/shop.test/20261128T063012.123Z.sql.gz"


def inspect(data: bytes, size: int = 70_000) -> tuple[int, bytes]:
    """The size when unpacked, and what passes."""
    stream, inspection = io.BytesIO(data), Inspection("x.sql", "shop_test")
    return (passed := b"".join(inspection.chunks(lambda: stream.read(size)))) and (inspection.size, passed)  # type: ignore[return-value]


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4), st.integers(1, 99), st.integers(0, 3))
def test_a_whole_dump_passes_as_it_is(parts: list[bytes], size: int, zeros: int) -> None:
    parts = [b"-- " + part for part in parts]
    packed = b"".join(map(gzip.compress, parts)) + bytes(zeros)
    assert inspect(packed, size) == (sum(map(len, parts)), packed)
    assert inspect(b"".join(parts), size) == (sum(map(len, parts)), b"".join(parts))


def test_size_of_a_dump_that_packs_well() -> None:
    assert inspect(gzip.compress(bytes(50_000_000)))[0] == 50_000_000


NO_DUMPS = {
    "it is empty": [b""],
    "its gzip data ends early": [gzip.compress(os.urandom(99_000))[:-9]],
    "its gzip data is damaged": [gzip.compress(b"SELECT 1;")[:-4] + b"xxxx", gzip.compress(b"SELECT 1;") + b"more"],
    "it is a zip archive": [b"PK\x03\x04"],
    "it is UTF-16": [b"\xff\xfeS\0"],
    "line 2 names the database other": [b"-- x\nUSE `other`;\n"],
    "line 1 names the database other": [
        b"\xef\xbb\xbfuse other ;",
        b"create schema if not exists other;",
        b"CREATE DATABASE other;\n" + bytes(200_000),
    ],
}


@pytest.mark.parametrize("message", NO_DUMPS)
def test_what_is_no_dump_of_the_database_does_not_pass(message: str) -> None:
    for data in NO_DUMPS[message]:
        with pytest.raises(LampctlError, match=message) as caught:
            inspect(data)
        assert (caught.value.exit_code, bool(caught.value.hint)) == (1, True)


@pytest.mark.parametrize(
    "text",
    [
        "USE `shop_test`;",
        "CREATE DATABASE IF NOT EXISTS shop_test;\nUSE shop_test;",
        "-- USE other;",
        "CREATE TABLE t (a TEXT);\nINSERT INTO t VALUES ('\nUSE other;\n');",
        "Use other words",
    ],
)
def test_its_own_name_and_text_in_data_pass(text: str) -> None:
    assert inspect(text.encode()) == (len(text), text.encode())


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path, link = tmp_path / "x.sql", tmp_path / "link.sql"
    path.write_text("former")
    link.symlink_to(path)
    with pytest.raises(TypeError), saved(str(link)) as write:
        write("half")  # type: ignore[arg-type]
    assert (path.read_text(), sorted(tmp_path.iterdir())) == ("former", [link, path])
    with saved(str(link)) as write:
        write(b"whole")
    assert (link.is_symlink(), path.read_text(), path.stat().st_mode & 0o777) == (True, "whole", 0o600)
    with saved("/dev/null") as write:
        write(b"x")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("path", ["", "nowhere/x.sql", "."])
def test_paths_that_cannot_be_used(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError, match="--dump"), saved(f"{tmp_path}/{path}"):
        pass
    with pytest.raises(UsageError, match="--load"), opened(f"{tmp_path}/{path}"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_full_disk_here_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LampctlError, match="can't be written: No space left"), saved("/dev/full") as write:
        write(b"x")
    assert list(tmp_path.iterdir()) == []


class Wire:
    """A host that prints these lines."""

    def __init__(self, lines: Iterable[str], code: int | None) -> None:
        self.out, self.code, self.sent = iter([f"{line}\n".encode() for line in lines]), code, b""

    def read(self) -> bytes:
        return next(self.out, b"")

    def read_errors(self) -> bytes:
        return b""

    def write(self, data: bytes) -> None:
        self.sent += data

    def finish(self) -> int:
        if self.code is None:
            raise Unreachable("web1: the connection was lost", "hint", kind="connection-lost")
        return self.code


class Transport:
    host, round_trips, address, direct, has_sudo_password = "web1", 0, "", False, False

    def __init__(self, wire: Wire) -> None:
        self.start: Callable[..., None] = print
        self.tunnel: Callable[..., None] = print
        self._wire = wire

    def wire(self, batch: Batch) -> Wire:  # noqa: ARG002
        return self._wire

    def close(self) -> None: ...


def load(*lines: str, code: int | None = 0) -> list[str]:
    """What a load says. `lines`: what the host prints."""
    said = list[str]()
    Loader(Transport(Wire(["@@lampctl-begin", *lines], code)), SHOP, "x.sql", said.append).from_host("y.sql.gz")  # type: ignore[arg-type]
    return said


AGAIN = f"lampctl db web1 shop.test --load {SAFETY}"
BEGUN = ("stage safety u", f"safety {SAFETY}", "stage load u")


def test_a_load_says_how_to_go_back() -> None:
    assert load(*BEGUN, "end loaded") == [
        f"safety dump: {SAFETY}",
        f"loaded x.sql into shop_test; what was there before: {AGAIN}",
    ]


ENDS = {
    "x.sql failed to load: error 1064 (42000) at line 7: near 'x'. shop_test is as it was before": (
        *BEGUN, "error INSERT", "error ERROR 1064 (42000) at line 7: near 'x'", "stage restore", "end restored",
    ),
    "shop_test is in between: the safety dump could not be loaded back either": (
        *BEGUN, "error ERROR 1064 (42000) at line 7: x", "stage restore", "failure ERROR 2013", "end unrestored",
    ),
    "not enough space in /x: 2.0 MiB are needed there, and 1.0 MiB are free": ("stage upload", "end full /x 2097152 1048576"),
    "another dump is being loaded into shop_test": ("end busy",),
    "no client of MariaDB or MySQL is installed": ("stage login", "end no-client"),
    "the password of shop.test's database is missing": ("stage login", "end no-password"),
    "the host has no such safety dump": ("stage login", "dumps", "end missing"),
    "the host's script ended unexpectedly": ("stage login",),
    "shop_test has triggers or functions": ("stage login", "end bound 3"),
    "what is there could not be dumped": ("stage safety u", "error mariadb-dump: no", "end dump"),
}  # fmt: skip


@pytest.mark.parametrize("message", ENDS)
def test_a_load_that_fails_says_what_there_is(message: str) -> None:
    with pytest.raises(LampctlError) as caught:
        load(*ENDS[message])
    assert message in caught.value.message
    assert caught.value.exit_code == 1
    if BEGUN[1] in ENDS[message]:
        assert AGAIN in caught.value.hint


@pytest.mark.parametrize(
    ("lines", "hint"), [(BEGUN[:2], "shop_test is as it was"), (BEGUN, f"loads the safety dump back. By hand: {AGAIN}")]
)
def test_a_lost_connection_says_what_there_is(lines: tuple[str, ...], hint: str) -> None:
    with pytest.raises(Unreachable, match="the connection was lost") as caught:
        load(*lines, code=None)
    assert hint in caught.value.hint


@settings(deadline=None)  # each load has threads
@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=9))
def test_whatever_a_host_prints_ends_in_an_error_of_lampctls(lines: list[str]) -> None:
    with pytest.raises(LampctlError):
        load(*(line for line in lines if "loaded" not in line))


@pytest.mark.parametrize(
    ("database", "message"),
    [(None, "shop.test has no database"), (Database("a", "a", host="db1"), "does not say at which address db1 is")],
)
def test_sites_without_a_database_that_can_be_reached(database: Database | None, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parameters("web1", Record("shop.test", database=database))
    assert "lampctl deploy" in caught.value.hint


@pytest.mark.parametrize("name", ["client", "dump", "load"])
def test_no_password_is_in_a_script(name: str) -> None:
    more = {
        "client": {"mode": "--pipe", "options": "", "rows": 1, "columns": 1, "kind": "dumb"},
        "dump": {"pack": "cat"},
        "load": {"name": "", "size": 0, "length": 1, "pairs": ""},
    }[name]
    text = script("enter", "site/task", "db/login", f"db/{name}", boundary="@@", **parameters("web1", SHOP), **more)  # type: ignore[arg-type]
    assert "SECRET=/etc/lampctl/secrets/shop.test.conf" in text
