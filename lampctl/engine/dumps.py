"""Dumps of databases on this machine: what is read is inspected, what is written appears when it is whole."""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from lampctl.errors import LampctlError, UsageError
from lampctl.ssh.relay import CHUNK, Read, Write, write_all

_HEAD = 65536  # bytes in which a dump says which database it is of
_PIECE = 1 << 20  # bytes to unpack at once
_GZIP = b"\x1f\x8b"
# How files begin that are not SQL.
_OTHERS = {
    b"PK\x03\x04": "a zip archive", b"BZh": "compressed by bzip2", b"\xfd7zXZ": "compressed by xz",
    b"\x28\xb5\x2f\xfd": "compressed by zstd", b"\xff\xfe": "UTF-16, as PowerShell's > writes it",
    b"PGDMP": "a dump of PostgreSQL", b"SQLite format 3": "a database of SQLite",
}  # fmt: skip
_DATA = re.compile(r"(?:CREATE|DROP|LOCK|ALTER) TABLE|INSERT INTO", re.IGNORECASE)
_NAME = r"(?:`((?:[^`]|``)+)`|([\w$]+))"
_OF = re.compile(
    rf"\s*(?:USE\s+{_NAME}\s*;|CREATE\s+(?:DATABASE|SCHEMA)\s+(?:/\*!\d+\s+)?(?:IF\s+NOT\s+EXISTS\s*)?(?:\*/\s*)?{_NAME})",
    re.IGNORECASE,
)


class Inspection:
    """A dump for the database `database`, while it is read. `size`: of what it is when unpacked, so far."""

    def __init__(self, name: str, database: str) -> None:
        self.size = 0
        self._name, self._database = name, database
        self._head = b""
        self._unpack: zlib._Decompress | None = None

    def chunks(self, read: Read) -> Iterator[bytes]:
        """What it reads, as it is.

        Raises:
            LampctlError: It is not SQL, is not whole, or is of another database.
        """
        first = _filled(read)
        if not first:
            raise self._error("it is empty", "the database would stay as it is")
        for magic, what in _OTHERS.items():
            if first.startswith(magic):
                raise self._error(f"it is {what}", "lampctl loads SQL as text or gzip", kind="not-sql")
        if first.startswith(_GZIP):
            self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
        chunk = first
        while chunk:
            self._inspect(chunk)
            yield chunk
            chunk = read()
        if self._unpack and not self._unpack.eof:
            raise self._error("its gzip data ends early", "copy or make it again", kind="not-whole")
        self._check_head()

    def _inspect(self, chunk: bytes) -> None:
        had = len(self._head)
        for piece in self._pieces(chunk):
            self.size += len(piece)
            self._head += piece[: _HEAD - len(self._head)]
        if had < len(self._head) == _HEAD:
            self._check_head()

    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        """The chunk, unpacked in pieces of bounded size."""
        if not self._unpack:
            yield chunk
            return
        try:
            full = False  # there may be more than one piece, even if all of the chunk was taken
            while chunk or full:
                if self._unpack.eof:  # a gzip file may have several parts, or zeros at its end
                    if not chunk.strip(b"\0"):
                        return
                    self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
                piece = self._unpack.decompress(chunk, _PIECE)
                yield piece
                full = len(piece) == _PIECE
                chunk = self._unpack.unconsumed_tail or self._unpack.unused_data
        except zlib.error as error:
            raise self._error(
                f"its gzip data is damaged: {error}", "copy or make it again", kind="not-whole"
            ) from error

    def _check_head(self) -> None:
        """What comes before its first table must not name another database: nothing has been changed yet."""
        for number, line in enumerate(self._head.decode(errors="replace").lstrip("\ufeff").split("\n"), 1):
            if _DATA.match(line):
                return
            found = _OF.match(line)
            named = next((name.replace("``", "`") for name in found.groups() if name), "") if found else ""
            if named and named != self._database:
                raise self._error(
                    f"line {number} names the database {named}, and the site's own is {self._database}",
                    "make the dump without --databases, or remove its CREATE DATABASE and USE; the site has no rights "
                    "on another database",
                    kind="other-database",
                )  # fmt: skip

    def _error(self, why: str, hint: str, *, kind: str = "dump") -> LampctlError:
        return LampctlError(f"{self._name} was not loaded: {why}", hint, kind=kind)


def _filled(read: Read) -> bytes:
    """The first chunk; a pipe may give it in pieces."""
    found = b""
    while len(found) < CHUNK and (chunk := read()):
        found += chunk
    return found


@contextmanager
def opened(path: str) -> Iterator[tuple[Read, int]]:
    """A dump to load: how to read it, and its size in bytes; 0 if that is not known. `-` is stdin.

    Raises:
        UsageError: There is no such file, or it can't be read.
    """
    if path == "-":
        if os.isatty(0):
            raise UsageError("--load -: stdin is a terminal", "lampctl db HOST SITE --load - < dump.sql")
        yield partial(os.read, 0, CHUNK), 0
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    except OSError as error:
        raise UsageError(f"--load {path}: {error.strerror}", "name a file that can be read, or - for stdin") from error
    try:
        yield partial(os.read, descriptor, CHUNK), found.st_size if stat.S_ISREG(found.st_mode) else 0
    finally:
        os.close(descriptor)


@contextmanager
def saved(path: str) -> Iterator[Write]:
    """Where a dump is written, readable by this user alone; the file appears, or is replaced, when the block ends well.

    `-` is stdout. A device or a pipe is written to as it is.

    Raises:
        UsageError: The file can't be written.
    """
    if path == "-":
        yield partial(write_all, 1)
        return
    descriptor, target, temporary = _target(path)
    try:
        yield lambda data: _guarded(path, partial(write_all, descriptor, data))
        if temporary:
            _guarded(path, partial(os.fsync, descriptor))
            _guarded(path, partial(temporary.replace, target))
    finally:
        os.close(descriptor)
        if temporary:
            temporary.unlink(missing_ok=True)


def _target(path: str) -> tuple[int, Path, Path | None]:
    """(the open file, the file that is meant, the file's place until it is whole; None: it is written in place)."""
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.exists() and not target.is_file():
            return os.open(target, os.O_WRONLY | os.O_CLOEXEC), target, None
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:200]}.", dir=target.parent)
        return descriptor, target, Path(temporary)
    except OSError as error:
        raise UsageError(f"--dump {path}: {error.strerror}", "name a file in a folder that exists") from error


def _guarded(path: str, do: Callable[[], object]) -> None:
    try:
        do()
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"{path} can't be written: {error.strerror}"
        raise LampctlError(
            message, "the dump was not kept; free space there, or write elsewhere", kind="output"
        ) from error
