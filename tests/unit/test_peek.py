"""Entries at paths that other users can write: they are examined without opening them, except files of ordinary size."""

from __future__ import annotations

import base64
import gzip
import io
import os
import socket
import subprocess
import tarfile
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lampctl.resources import Action, Change, Directory, File, Symlink, entry
from lampctl.resources.directory import DIRECTORIES
from lampctl.resources.file import FILES
from lampctl.resources.kind import HostView

quick = settings(max_examples=60, deadline=None)


def observe(*resources: File | Symlink | Directory) -> dict[str, entry.Entry]:
    found: dict[str, entry.Entry] = {}
    for probe in (FILES.question(resources), DIRECTORIES.question(resources)):
        done = subprocess.run(["sh", "-c", probe], capture_output=True, text=True, check=True, timeout=20)
        assert max(map(len, done.stdout.splitlines()), default=0) < 1000
        found |= entry.parse(done.stdout)
    return found


def file_at(path: Path, seed: bool = False) -> File:
    return File(str(path), "site", "", {}, seed=seed)


def test_entries_of_each_kind_of_path(tmp_path: Path) -> None:
    for name in ("plain", "seed", "a name\twith 'all' %s"):
        (tmp_path / name).write_text(f"content of {name}")
        (tmp_path / name).chmod(0o640)
    (tmp_path / "folder").mkdir(mode=0o750)
    (tmp_path / "link").symlink_to("target\n")
    found = observe(
        file_at(tmp_path / "plain"),
        file_at(tmp_path / "seed", seed=True),
        file_at(tmp_path / "none"),
        Directory(str(tmp_path / "folder"), "site"),
        Symlink(str(tmp_path / "link"), "site", "x"),
    )
    names = {path.rpartition("/")[2]: item for path, item in found.items()}
    assert {name: item.kind for name, item in names.items()} == {
        "plain": "file", "seed": "file", "folder": "directory", "link": "symlink"
    }  # fmt: skip
    assert (names["plain"].content, names["plain"].mode) == (b"content of plain", 0o640)
    assert names["seed"].content == b""  # never compared
    assert (names["link"].target, names["folder"].mode) == ("target\n", 0o750)


def test_sparse_file_of_three_gigabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "index.php"
    with path.open("wb") as stream:
        stream.truncate(3 << 30)
    began = time.monotonic()
    wanted = file_at(path)
    found = observe(wanted)[str(path)]
    assert time.monotonic() - began < 2
    change = FILES.compare(wanted, found, HostView(owned=frozenset({wanted.key}), contents={wanted.key: "new\n"}))
    assert isinstance(change, Change)
    assert change.action is Action.UPDATE
    assert "-(3221225472 bytes: too large to show)" in change.diff


def test_pipe_socket_and_device_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "socket"))
        found = observe(
            *(file_at(tmp_path / name) for name in ("pipe", "socket", "null")), File("/dev/zero", "site", "", {})
        )
    assert sorted(item.kind for item in found.values()) == ["other", "other", "other", "symlink"]


def test_link_to_a_file_that_only_root_may_read_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert b"root" not in observe(file_at(tmp_path / "link"))[str(tmp_path / "link")].content


def test_line_break_in_a_link_target_adds_no_row(tmp_path: Path) -> None:
    """A site's link must not fake a row about another path."""
    (tmp_path / "link").symlink_to("x\nf\t644\troot:root\t0\t/etc/passwd\t")
    assert list(observe(file_at(tmp_path / "link"))) == [str(tmp_path / "link")]


def pack(rows: bytes, archive: bytes) -> str:
    return f"stat\t{base64.b64encode(rows).decode()}\ntar\t{base64.b64encode(archive).decode()}"


def test_archive_that_unpacks_to_gigabytes_is_refused() -> None:
    """The archive comes from the host; unpacking it stops at a limit."""
    bomb = gzip.compress(b"\0" * (64 << 20), 9)
    assert entry.parse(pack(b"f\t644\troot:root\t5\t/etc/x\t\0", bomb))["/etc/x"].content == b""


@quick
@given(rows=st.binary(max_size=300), archive=st.binary(max_size=1000))
def test_any_answer_is_parsed_or_refused(rows: bytes, archive: bytes) -> None:
    entry.parse(pack(rows, archive))
    entry.parse(pack(rows, gzip.compress(archive)))


@quick
@given(at=st.integers(0, 1535), byte=st.integers(0, 255))
def test_damaged_archive_is_refused(at: int, byte: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        member = tarfile.TarInfo("etc/x")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"hello"))
    damaged = bytearray(buffer.getvalue())
    damaged[at] = byte
    entry.parse(pack(b"f\t644\troot:root\t5\t/etc/x\t\0", gzip.compress(bytes(damaged))))
