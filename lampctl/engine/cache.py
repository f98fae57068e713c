"""What was made or fetched once and can be again: below ~/.cache/lampctl, or $XDG_CACHE_HOME."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

KEPT = 20  # sources; the ones that were not used for the longest time go


def home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "lampctl"


def write(path: Path, data: bytes) -> None:
    """Write a file, if there is a place for it. Nobody ever reads half of it."""
    import tempfile

    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, new = tempfile.mkstemp(dir=path.parent)
        with open(handle, "wb") as stream:  # noqa: PTH123
            stream.write(data)
        Path(new).replace(path)


def get(name: str) -> bytes | None:
    """The source of this name; None if it is not there whole, as after a power failure."""
    path = home() / "sources" / name
    try:
        digest, _, data = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    with suppress(OSError):
        path.touch()
    return data if digest == _digest(data) else None


def put(name: str, data: bytes) -> None:
    path = home() / "sources" / name
    write(path, _digest(data) + b"\n" + data)
    with suppress(OSError):
        for old in sorted(path.parent.iterdir(), key=lambda found: found.stat().st_mtime, reverse=True)[KEPT:]:
            old.unlink()


def _digest(data: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(data).hexdigest().encode()
