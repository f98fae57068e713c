"""The lines of an ssh_config and of the files that it includes, which paramiko does not read; and its host aliases."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

_DEEPEST = 16  # nested Includes, as in OpenSSH


def lines(path: Path, depth: int = _DEEPEST) -> Iterator[str]:
    """The file's lines, with each Include replaced by the included lines.

    Raises:
        OSError: A file can't be read. ValueError: It is not text.
    """
    for line in path.read_text().splitlines():
        keyword, arguments = _split(line)
        if keyword != "include" or not depth:
            yield line
            continue
        for pattern in arguments:
            # Relative paths are below ~/.ssh, whichever file they are in.
            whole = Path("~/.ssh").expanduser() / Path(pattern).expanduser()
            for found in sorted(glob.glob(str(whole))):  # noqa: PTH207 -- an absolute pattern
                if Path(found).is_file():
                    yield from lines(Path(found), depth - 1)


def aliases(config: str | Path | None = None) -> Iterator[str]:
    """Every name after `Host` that has no wildcard, in `config`, else in ~/.ssh/config."""
    path = Path(config or "~/.ssh/config").expanduser()
    found = (_split(line) for line in (lines(path) if path.is_file() else ()))
    names = (name for keyword, arguments in found if keyword == "host" for name in arguments)
    yield from dict.fromkeys(name for name in names if not set(name) & set("*?!"))


def _split(line: str) -> tuple[str, list[str]]:
    keyword, *arguments = line.replace("=", " ", 1).split() or [""]
    return keyword.lower(), [argument.strip('"') for argument in arguments]
