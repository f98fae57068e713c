"""A folder of this machine that is to become a site, and what was found out about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from lampctl.errors import UsageError

LARGEST = 1 << 20  # bytes that are read of a file
_MOST = 200  # files of code that are read
_DEPTH = 3  # of their folders
_NOT_ITS_CODE = frozenset({"node_modules", "venv", "tests", "test", "dist", "build", "__pycache__"})


@dataclass(frozen=True)
class Fit:
    """A recipe that fits a folder.

    Attributes:
        recipe: Its name; empty: the site needs none.
        why: What in the folder says so.
        site: What the site itself has to say, because this application differs from the recipe's values.
        notes: Lines for the playbook's reader.
    """

    recipe: str
    why: str
    site: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Folder:
    """The files of an application, before it is deployed for the first time as `site`."""

    def __init__(self, path: Path, site: str = "shop.example.com") -> None:
        if not path.is_dir():
            raise UsageError(f"--from {path}: is not a folder of this machine", "name the application's top folder")
        self.path, self.site = path, site

    def has(self, *names: str) -> bool:
        """Whether it has all of these."""
        return all((self.path / name).exists() for name in names)

    def text(self, name: str) -> str:
        """The content of a file; empty if there is no such file."""
        path = self.path / name
        if not path.is_file():
            return ""
        try:
            with path.open("rb") as stream:
                return stream.read(LARGEST).decode(errors="replace")
        except OSError as error:
            raise UsageError(f"{path}: can't be read: {error.strerror}", "check its mode") from None

    def code(self, *endings: str) -> str:
        """The text of its code in files with these endings, as far as it lies near the top."""
        found = islice(_files(self.path, endings, _DEPTH), _MOST)
        return "\n".join(self.text(str(path.relative_to(self.path))) for path in found)

    def json(self, name: str) -> dict[str, Any]:
        """The mapping in a JSON file; empty if there is no such file."""
        text = self.text(name)
        try:
            found = json.loads(text) if text.strip() else {}
        except (ValueError, RecursionError) as error:
            where = f"{self.path / name}:{getattr(error, 'lineno', 1)}"
            raise UsageError(
                f"{where}: is not valid JSON: {getattr(error, 'msg', 'nested too deep')}", "fix it"
            ) from None
        return found if isinstance(found, dict) else {}

    def mapping(self, name: str, *keys: str) -> dict[str, Any]:
        """A mapping within a JSON file; empty if it is not there."""
        found: Any = self.json(name)
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def requirements(self) -> Iterator[str]:
        """What a Python project needs, in lower case, from requirements.txt or pyproject.toml."""
        for line in self.text("requirements.txt").splitlines():
            if found := re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line):
                yield found[1].lower()
        for quoted in re.findall(r"""["']([A-Za-z0-9][A-Za-z0-9._-]*)[^"'\n]*["']""", self.text("pyproject.toml")):
            yield quoted.lower()


def _files(folder: Path, endings: tuple[str, ...], depth: int) -> Iterator[Path]:
    """Files with these endings, those at the top first."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    yield from (path for path in entries if path.suffix in endings and path.is_file())
    for path in entries if depth > 1 else ():
        if path.is_dir() and not path.is_symlink() and path.name not in _NOT_ITS_CODE and path.name[0] != ".":
            yield from _files(path, endings, depth - 1)
