"""Releases of WordPress: plugins and themes, beside WordPress itself if that is deployed as well."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping

from lampctl.engine.sources import folder, source_of
from lampctl.errors import UsageError
from lampctl.playbook.sites.extras import FOLDER, main_of
from lampctl.resources import Source


def with_extras(
    core: Source | None, origins: Mapping[str, tuple[str, str]], get: Callable[[str, str], Source]
) -> Source:
    """One release of all of them.

    Args:
        core: WordPress; None if it comes as a package.
        origins: KIND/NAME → (a path or URL, its checksum or nothing).
        get: The files of an origin.

    Raises:
        UsageError: One can't be had, or is no plugin or theme, or WordPress has one of that name.
    """
    buffer = io.BytesIO(core.archive if core else b"")
    known = core.modes if core else {}
    with tarfile.open(fileobj=buffer, mode="a" if core else "w", format=tarfile.GNU_FORMAT) as tar:
        for place in ("" if core else "wp-content", FOLDER):
            if place:
                folder(tar, place)
        for kind in sorted({at.partition("/")[0] for at in origins}):
            folder(tar, f"{FOLDER}/{kind}")
        for at, (path, checksum) in origins.items():
            _add(tar, at, path, checksum, get, known)
    return source_of(buffer.getvalue())


def _add(
    tar: tarfile.TarFile,
    at: str,
    path: str,
    checksum: str,
    get: Callable[[str, str], Source],
    known: Mapping[str, int],
) -> None:
    kind, _, name = at.partition("/")
    try:
        if any(file.startswith((f"wp-content/{at}/", f"wp-content/{at}.php")) for file in known):
            raise UsageError("WordPress itself has one of that name", "give yours another name")
        source = get(path, checksum)
        main_of(kind, _copy(tar, at, source))
    except UsageError as error:
        raise UsageError(f"{kind.removesuffix('s')} {name}: {error.message}", error.hint) from None


def _copy(tar: tarfile.TarFile, at: str, source: Source) -> dict[str, bytes]:
    """Copy the files of a plugin or theme. Returns the content of each by its path."""
    found: dict[str, bytes] = {}
    folder(tar, f"{FOLDER}/{at}")
    with tarfile.open(fileobj=io.BytesIO(source.archive)) as given:
        for member in given:
            stream = given.extractfile(member) if member.isfile() else None
            data = stream.read() if stream else b""
            if stream:
                found[member.name] = data
            member.name = f"{FOLDER}/{at}/{member.name}"
            tar.addfile(member, io.BytesIO(data) if stream else None)
    return found
