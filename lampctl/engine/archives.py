"""Tarballs and ZIP files that become releases: their files without the one folder that they may be in."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from lampctl.engine import cache
from lampctl.engine.sources import IGNORE, Wanted, chosen, folder, link, read, regular, source_of
from lampctl.errors import UsageError
from lampctl.resources import Source

LARGEST = 2 << 30  # bytes of a download
_TIMEOUT = 30.0  # seconds without an answer
_DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)  # what Python's decompressors raise


def read_archive(path: Path, checksum: str, exclude: Sequence[str] = ()) -> Source:
    """What a tarball or a ZIP file holds.

    Args:
        checksum: Its SHA-256.
        exclude: Patterns as in .gitignore.

    Raises:
        UsageError: It is another file, or has files that no release can have.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}", "paths are relative to the playbook") from None
    _compare(str(path), data, checksum)
    return _unpacked(str(path), data, exclude)


def download(url: str, checksum: str, exclude: Sequence[str] = ()) -> Source:
    """What an archive holds that is at a URL; it is fetched once, and kept by its checksum."""
    data = cache.get(checksum)
    if data is None:
        data = _fetch(url)
        _compare(url, data, checksum)
        cache.put(checksum, data)
    return _unpacked(url, data, exclude)


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 -- https only: see Origin
            data: bytes = answer.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UsageError(f"{url}: can't be downloaded: {reason}", "try the address: curl -fLO URL") from None
    if len(data) > LARGEST:
        raise UsageError(f"{url}: is larger than {LARGEST >> 30} GiB", "name an archive of the site's files only")
    return data


def _compare(shown: str, data: bytes, checksum: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != checksum:
        raise UsageError(f"{shown}: its SHA-256 is {found}, not the playbook's", "get the file again, or fix sha256")


def _unpacked(shown: str, data: bytes, exclude: Sequence[str]) -> Source:
    if zipfile.is_zipfile(io.BytesIO(data)):
        return _unzipped(shown, data, exclude)
    buffer = io.BytesIO()
    try:
        with (
            tarfile.open(fileobj=io.BytesIO(data)) as given,
            tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            paths = [(_name(member.name, shown), member) for member in given]
            top = _top([path for path, _ in paths])
            members = [("/".join(path.parts[top:]), member) for path, member in paths]
            ignored = next((given.extractfile(one) for name, one in members if name == IGNORE and one.isfile()), None)
            wanted = chosen(exclude, ignored.read().decode(errors="replace") if ignored else "")
            for name, member in members:
                _take_over(given, member, name, tar, wanted)
    except (tarfile.TarError, *_DAMAGED) as error:
        raise UsageError(f"{shown}: is not a valid tarball: {error}", "a .tar, .tar.gz, .tar.xz or .zip") from None
    return source_of(buffer.getvalue())


def _name(name: str, shown: str) -> PurePosixPath:
    path = PurePosixPath(name.removeprefix("./"))
    if path.is_absolute() or ".." in path.parts:
        raise UsageError(f"{shown}: {name} in it points outside it", "build it again without that file")
    return path


def _top(paths: Sequence[PurePosixPath]) -> int:
    """1 if everything is in one folder, which is left out; else 0."""
    tops = {path.parts[0] for path in paths if path.parts}
    return int(len(tops) == 1 and any(len(path.parts) > 1 for path in paths))


def _take_over(
    given: tarfile.TarFile, member: tarfile.TarInfo, name: str, tar: tarfile.TarFile, wanted: Wanted
) -> None:
    if not name or not wanted(f"{name}/" if member.isdir() else name):
        return
    if member.issym():
        link(tar, name, member.linkname, member.name)
    elif member.isdir():
        folder(tar, name)
    elif member.isfile():
        stream = given.extractfile(member)
        assert stream
        regular(tar, name, stream.read(), run=bool(member.mode & 0o111))
    else:
        raise UsageError(f"{member.name}: in the tarball is not a regular file or folder", "repack it without it")


def _unzipped(shown: str, data: bytes, exclude: Sequence[str]) -> Source:
    with TemporaryDirectory() as place:
        _extract(shown, io.BytesIO(data), Path(place), "ZIP file", "build it again")
        tops = list(Path(place).iterdir())
        only = tops[0] if len(tops) == 1 and tops[0].is_dir() else Path(place)
        return read(only, exclude)


def read_war(path: Path) -> Source:
    """What is inside a WAR, as the same tar that a folder of its contents would give."""
    if path.is_dir() or not path.exists():
        return read(path)
    with TemporaryDirectory() as place:
        try:
            data = io.BytesIO(path.read_bytes())
        except OSError as error:
            raise UsageError(f"{path}: can't be read: {error.strerror}", "check its mode") from None
        hint = "build it again (mvn package, or: jar -cf app.war -C FOLDER .), or name a folder"
        _extract(str(path), data, Path(place), "WAR", hint)
        return read(Path(place))


def _extract(shown: str, data: io.BytesIO, place: Path, what: str, hint: str) -> None:
    try:
        with zipfile.ZipFile(data) as archive:
            for name in archive.namelist():
                _name(name, shown)
            archive.extractall(place)  # noqa: S202 -- zipfile keeps what it writes below the folder
            for info in archive.infolist():
                if not info.is_dir() and info.external_attr >> 16 & 0o111:
                    (place / info.filename).chmod(0o755)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, *_DAMAGED) as error:  # RuntimeError: encrypted
        raise UsageError(f"{shown}: is not a valid {what}: {error}", hint) from None
