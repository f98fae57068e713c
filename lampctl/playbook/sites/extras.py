"""Plugins and themes of WordPress that a playbook delivers: where they are in a release, and what their headers say."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator

from lampctl.errors import UsageError
from lampctl.playbook.fields import OneLine, Options
from lampctl.playbook.sites.source import SHA256
from lampctl.playbook.text import Text
from lampctl.resources import Source

FOLDER = "wp-content/lampctl"  # in a release; no URL leads to PHP in it
_READ = 8192  # bytes of a file that WordPress reads for its header
Slug = Annotated[
    str,
    Text(
        "plugin or theme",
        "is not the name of a plugin's or theme's folder, such as my-shop: letters, digits, - and _",
        "my-shop",
        r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}",
    ),
]


class ThemeOptions(Options):
    """A theme's files: a folder of this machine, or an archive."""

    folder: OneLine | None = Field(None, description="Its folder, beside the playbook.")
    archive: OneLine | None = Field(
        None, description="A .zip or tarball beside the playbook, or its https:// URL, instead of a folder."
    )
    sha256: Annotated[str, Field(pattern=SHA256)] | None = Field(
        None, description="The archive's checksum; required with it.", examples=["0" * 64]
    )

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.folder is None) == (self.archive is None):
            raise ValueError("give `folder`, or `archive` with `sha256`")
        if (self.archive is None) != (self.sha256 is None):
            raise ValueError("`archive` and `sha256` go together")
        return self


class PluginOptions(ThemeOptions):
    """A plugin's files: a folder of this machine, or an archive."""

    active: bool = Field(True, description="Whether it is active; if not, it is only there.")


def _kind(value: Any) -> str:
    return "folder" if isinstance(value, str) else "mapping"


PluginFiles = Annotated[
    Annotated[OneLine, Tag("folder")] | Annotated[PluginOptions, Tag("mapping")], Discriminator(_kind)
]
ThemeFiles = Annotated[
    Annotated[OneLine, Tag("folder")] | Annotated[ThemeOptions, Tag("mapping")], Discriminator(_kind)
]


@dataclass(frozen=True)
class Extra:
    """A plugin or theme in a release.

    Attributes:
        kind: plugins or themes.
        main: The file with its header, below its folder.
        parent: Of a theme: the theme that it is a child of; else empty.
        digest: SHA-256 of the list of its files, as wordpress/extras.sh makes it on the host.
    """

    kind: str
    name: str
    main: str
    parent: str
    digest: str

    @property
    def path(self) -> str:
        return f"{self.kind}/{self.name}"


@lru_cache(maxsize=64)
def extras(source: Source) -> tuple[Extra, ...]:
    """The plugins and themes of a release."""
    found: dict[tuple[str, str], dict[str, bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(source.archive)) as tar:
        for member in tar:
            if member.isfile() and member.name.startswith(f"{FOLDER}/"):
                kind, name, path = member.name.removeprefix(f"{FOLDER}/").split("/", 2)
                stream = tar.extractfile(member)
                assert stream
                found.setdefault((kind, name), {})[path] = stream.read()
    return tuple(_extra(kind, name, files) for (kind, name), files in sorted(found.items()))


def _extra(kind: str, name: str, files: Mapping[str, bytes]) -> Extra:
    lines = sorted(f"{hashlib.sha256(data).hexdigest()}  ./{path}\n".encode() for path, data in files.items())
    main = main_of(kind, files)
    parent = _header("Template", files[main]) if kind == "themes" else ""
    return Extra(kind, name, main, parent, hashlib.sha256(b"".join(lines)).hexdigest())


def main_of(kind: str, files: Mapping[str, bytes]) -> str:
    """The file with the header of a plugin or theme with these files.

    Raises:
        UsageError: There is none.
    """
    wanted, header = (".php file", "Plugin Name") if kind == "plugins" else ("style.css", "Theme Name")
    found = [path for path in sorted(files) if _is_main(kind, path) and _header(header, files[path])]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"it has several plugins: {', '.join(found[:5])}", "deliver each in a folder of its own")
    tops = sorted({path.partition("/")[0] for path in files})
    if len(tops) > 1 and all("/" in path for path in files):
        raise UsageError(f"it has more than one folder: {', '.join(tops[:5])}", "pack each plugin or theme by itself")
    raise UsageError(f"it has no {wanted} with the header `{header}:` in its top folder", "WordPress needs it there")


def _is_main(kind: str, path: str) -> bool:
    if kind == "themes":
        return path == "style.css"
    return re.fullmatch(r"[A-Za-z0-9._-]+\.php", path) is not None


def _header(name: str, data: bytes) -> str:
    """The value of a header, as WordPress's get_file_data finds it."""
    text = data[:_READ].replace(b"\r", b"\n").decode(errors="replace")
    found = re.search(rf"^(?:[ \t]*<\?php)?[ \t/*#@]*{re.escape(name)}:(.*)$", text, re.MULTILINE | re.IGNORECASE)
    return re.sub(r"\s*(?:\*/|\?>).*", "", found[1]).strip() if found else ""


def parts(kind: str, given: Mapping[str, str | ThemeOptions]) -> Iterator[tuple[str, str, str]]:
    """(path below FOLDER, a path or URL, its checksum or nothing) of each."""
    for name, files in sorted(given.items()):
        if isinstance(files, str):
            yield f"{kind}/{name}", files, ""
        else:
            yield f"{kind}/{name}", files.folder or files.archive or "", files.sha256 or ""
