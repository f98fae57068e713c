"""Files of this machine that become releases on a host."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lampctl.errors import UsageError
from lampctl.resources import Source

IGNORE = ".lampctlignore"  # patterns of what is not deployed, in the top folder of a source
SKIPPED = (".git", ".svn", "__pycache__", IGNORE)
Wanted = Callable[[str], bool]  # of a path in a source; a folder's ends with a slash


def read(path: Path, exclude: Sequence[str] = ()) -> Source:
    """A folder's files, or one file under its own name. `exclude`: patterns as in .gitignore.

    Raises:
        UsageError: It does not exist, or can't be read, or has files that no release can have.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder", "paths are relative to the playbook")
    buffer = io.BytesIO()
    try:
        ignored = path / IGNORE
        wanted = chosen(exclude, ignored.read_text() if ignored.is_file() else "")
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for name, found in _files(path, wanted):
                _add(tar, name, found)
    except OSError as error:
        raise UsageError(f"{error.filename or path}: can't be read: {error.strerror}", "check its mode") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path / IGNORE}: is not text", "it has patterns as in .gitignore") from None
    return source_of(buffer.getvalue())


def source_of(archive: bytes) -> Source:
    """The source that is in an archive of ours."""
    return Source(digest_of(archive), archive)


def digest_of(data: bytes) -> str:
    """The name of a release."""
    return hashlib.sha256(data).hexdigest()[:16]


def chosen(exclude: Sequence[str], ignored: str) -> Wanted:
    """Whether a path in a source is deployed. `ignored`: the text of its .lampctlignore."""
    patterns = [*ignored.splitlines(), *exclude]
    if not patterns:
        return _plain
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(patterns)
    return lambda path: _plain(path) and not spec.match_file(path)


def _plain(path: str) -> bool:
    return not set(path.split("/")) & set(SKIPPED)


def _files(path: Path, wanted: Wanted) -> Iterator[tuple[str, Path]]:
    """(name in the archive, path), in an order that does not depend on the file system."""
    if path.is_file():
        yield path.name, path
        return
    for found in sorted(path.rglob("*")):
        name = str(found.relative_to(path))
        if wanted(f"{name}/" if found.is_dir() and not found.is_symlink() else name):
            yield name, found


def _add(tar: tarfile.TarFile, name: str, path: Path) -> None:
    """Owner and time are left out, and modes are plain: equal files give equal archives."""
    if path.is_symlink():
        link(tar, name, str(path.readlink()), str(path))
    elif path.is_dir():
        folder(tar, name)
    elif path.is_file():
        regular(tar, name, path.read_bytes(), run=bool(path.stat().st_mode & 0o111))
    else:
        raise UsageError(f"{path}: is not a regular file", "leave sockets, pipes and devices out of the folder")


def link(tar: tarfile.TarFile, name: str, target: str, shown: str) -> None:
    if target.startswith("/") or ".." in _normal(Path(name).parent / target).parts:
        raise UsageError(
            f"{shown}: is a link to {target}, outside the folder",
            "put the file itself there, or leave the link out by `exclude`",
        )
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = tarfile.SYMTYPE, target, 0o777
    tar.addfile(member)


def folder(tar: tarfile.TarFile, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(member)


def regular(tar: tarfile.TarFile, name: str, data: bytes, *, run: bool) -> None:
    member = tarfile.TarInfo(name)
    member.mode, member.size = 0o755 if run else 0o644, len(data)
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
