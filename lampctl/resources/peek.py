"""The entries at given paths of a host, read within limits, as their content is untrusted.

Reading metadata opens nothing: a pipe would block, and a device might never end. Content is read of regular files of
limited size only, and only if it is compared.
"""

from __future__ import annotations

import base64
import io
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lampctl.answers import parse_int
from lampctl.resources.shell import words

MIB = 1 << 20
LARGEST = MIB  # bytes; the content of larger files is not read
_ALL = 32 * MIB  # bytes of all files together: a file might grow after its size was read
_KINDS = {"f": "file", "d": "directory", "l": "symlink"}


@dataclass(frozen=True)
class Seen:
    """The entry at a path. `kind`: file, symlink, directory or other; `content`: None if it was not read."""

    path: str
    kind: str
    mode: int
    owner: str
    size: int
    target: str
    content: bytes | None = None


def script(paths: Sequence[str], read: Sequence[str]) -> str:
    """Shell that prints the metadata of `paths`, and a tar of those of `read` that are regular files; all in base64.

    Each line starts with `stat<TAB>` or `tar<TAB>`; no line is long. Missing paths are left out.
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
    """The two parts of what `script` printed; malformed parts are left out."""
    contents = dict(_contents(_decoded(tar)))
    for row in _decoded(stat).decode(errors="replace").split("\0"):
        match row.split("\t", 5):
            case [kind, mode, owner, size, path, target] if set(mode) <= set("01234567") and 0 < len(mode) < 6:
                content = contents.get(path) if kind == "f" else None
                yield Seen(path, _KINDS.get(kind, "other"), int(mode, 8), owner, parse_int(size) or 0, target, content)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _contents(packed: bytes) -> Iterator[tuple[str, bytes]]:
    """Path → content, as far as the archive can be read; its unpacked size is limited too."""
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
