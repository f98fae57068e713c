"""What is at given paths of a host, read within limits: whoever may write there may have put anything there.

Only metadata are asked of a path, which opens nothing: a pipe would block, a device may answer without an end. The
content comes of regular files of limited size, and only where it is compared.
"""

from __future__ import annotations

import base64
import io
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lampctl.answers import whole
from lampctl.resources.shell import words

MIB = 1 << 20
LARGEST = MIB  # bytes of a file whose content is read
_ALL = 32 * MIB  # bytes of all of them: a file may have grown since its size was asked for
_KINDS = {"f": "file", "d": "directory", "l": "symlink"}


@dataclass(frozen=True)
class Seen:
    """`kind` is file, symlink, directory or other. `content`: None where it was not read."""

    path: str
    kind: str
    mode: int
    owner: str
    size: int
    target: str
    content: bytes | None = None


def script(paths: Sequence[str], read: Sequence[str]) -> str:
    """Shell that prints the metadata of `paths`, and a tar of those of `read` that are regular files; all in base64.

    In lines, each after `stat<TAB>` or `tar<TAB>`, as no single one may be long; without the paths that are missing.
    """
    if not paths:
        return ":"
    found = (
        f"find {words(paths)} -maxdepth 0 -printf '%y\\t%m\\t%u:%g\\t%s\\t%p\\t%l\\0' 2>/dev/null | base64"
        " | sed 's/^/stat\\t/'"
    )
    if not read:
        return found
    return (
        f"{found}\n"
        f"find {words(read)} -maxdepth 0 -type f -size -{LARGEST + 1}c -print0 2>/dev/null"
        f" | tar -C / -c -f - --no-recursion --null -T - 2>/dev/null | head -c {_ALL} | gzip -1 | base64"
        " | sed 's/^/tar\\t/'"
    )


def parse(stat: str, tar: str) -> Iterator[Seen]:
    """The two parts of what `script` printed; whatever in them makes no sense is left out."""
    contents = dict(_contents(_decoded(tar)))
    for row in _decoded(stat).decode(errors="replace").split("\0"):
        match row.split("\t", 5):
            case [kind, mode, owner, size, path, target] if set(mode) <= set("01234567") and 0 < len(mode) < 6:
                content = contents.get(path) if kind == "f" else None
                yield Seen(path, _KINDS.get(kind, "other"), int(mode, 8), owner, whole(size) or 0, target, content)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _contents(packed: bytes) -> Iterator[tuple[str, bytes]]:
    """Path → content, as far as the archive can be read; what it unpacks to is limited too."""
    try:
        data = zlib.decompressobj(31).decompress(packed, _ALL) if packed else b""
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isreg() or member.islnk() else None
                content = stream.read(LARGEST + 1) if stream else b""
                if stream and len(content) <= LARGEST:
                    yield "/" + member.name.strip("/"), content
    except (tarfile.TarError, zlib.error, ValueError, OverflowError, EOFError, KeyError, RecursionError):
        return
