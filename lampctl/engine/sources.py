"""Files of this machine that become releases on a host."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from lampctl.errors import UsageError
from lampctl.resources import Source

SKIPPED = (".git", ".svn", "__pycache__", "node_modules/.cache")


def read(path: Path, checksum: str) -> Source:
    """A folder's files, one file under its own name, or what a tarball holds; `checksum` is a tarball's SHA-256."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder", "paths are relative to the playbook")
    buffer = io.BytesIO()
    try:
        if checksum:
            return _source(_unpacked(path, checksum))
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for name, found in _files(path):
                _add(tar, name, found)
    except OSError as error:
        raise UsageError(f"{error.filename or path}: can't be read: {error.strerror}", "check its mode") from None
    return _source(buffer.getvalue())


def _source(archive: bytes) -> Source:
    return Source(hashlib.sha256(archive).hexdigest()[:16], archive)


def read_war(path: Path) -> Source:
    """What is inside a WAR, as the same tar that a folder of its contents would give."""
    if path.is_dir() or not path.exists():
        return read(path, "")
    hint = "build it again (mvn package, or: jar -cf app.war -C FOLDER .), or name a folder"
    try:
        with TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
            _refuse_outside(path, archive.namelist())
            archive.extractall(folder)  # noqa: S202 -- zipfile keeps what it writes below the folder
            return read(Path(folder), "")
    except zipfile.BadZipFile as error:
        raise UsageError(f"{path}: is not a valid WAR: {error}", hint) from None
    except OSError as error:
        raise UsageError(f"{error.filename or path}: can't be read: {error.strerror}", "check its mode") from None


def _refuse_outside(path: Path, names: list[str]) -> None:
    for name in names:
        if name.startswith("/") or ".." in Path(name).parts:
            raise UsageError(f"{path}: contains {name}, which points outside it", "build it again without that file")


def _unpacked(path: Path, checksum: str) -> bytes:
    """A tarball's files as an archive of ours, without the folder that they are in."""
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != checksum:
        raise UsageError(f"{path}: its SHA-256 is {found}, not the playbook's", "get the file again, or fix sha256")
    buffer = io.BytesIO()
    try:
        with (
            tarfile.open(fileobj=io.BytesIO(data)) as given,
            tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            for member in given:
                _take_over(given, member, tar)
    except tarfile.TarError as error:
        raise UsageError(f"{path}: is not a valid tarball: {error}", "the project publishes it as .tar.gz") from None
    return buffer.getvalue()


def _take_over(given: tarfile.TarFile, member: tarfile.TarInfo, tar: tarfile.TarFile) -> None:
    name = Path(*Path(member.name.removeprefix("./")).parts[1:])
    if ".." in name.parts or not (member.isfile() or member.isdir()):
        raise UsageError(f"{member.name}: in the tarball is not a regular file or folder", "repack it without it")
    if name == Path():
        return
    mode = 0o755 if member.isdir() or member.mode & 0o111 else 0o644
    kept = tarfile.TarInfo(str(name))
    kept.type, kept.mode, kept.size = member.type, mode, member.size
    tar.addfile(kept, given.extractfile(member) if member.isfile() else None)


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """(name in the archive, path), in an order that does not depend on the file system."""
    if path.is_file():
        yield path.name, path
        return
    for found in sorted(path.rglob("*")):
        relative = found.relative_to(path)
        if not set(relative.parts) & set(SKIPPED):
            yield str(relative), found


def _add(tar: tarfile.TarFile, name: str, path: Path) -> None:
    """Owner and time are left out, and modes are plain: equal files give equal archives."""
    member = tarfile.TarInfo(name)
    data = b""
    if path.is_symlink():
        target = path.readlink()
        inside = Path(name).parent / target
        if target.is_absolute() or ".." in _normal(inside).parts:
            raise UsageError(f"{path}: is a link to {target}, outside the folder", "put the file itself there")
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, str(target), 0o777
    elif path.is_dir():
        member.type, member.mode = tarfile.DIRTYPE, 0o755
    elif path.is_file():
        data = path.read_bytes()
        member.mode, member.size = 0o755 if path.stat().st_mode & 0o111 else 0o644, len(data)
    else:
        raise UsageError(f"{path}: is not a regular file", "leave sockets, pipes and devices out of the folder")
    tar.addfile(member, io.BytesIO(data))


def _normal(path: Path) -> Path:
    """`a/../b` → `b`; a path that leads outside keeps its `..`."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return Path(*parts)
