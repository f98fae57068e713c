"""Where playbooks, templates and host scripts are found: the project's own first, then the built-in ones."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from lampctl.engine.sources import read, read_war
from lampctl.errors import UsageError
from lampctl.resources import Source

_PACKAGE = Path(__file__).parents[1]


def _data(name: str) -> Path:
    """In a wheel the data lies inside the package, in a checkout beside it."""
    inside = _PACKAGE / "_data" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def host_script(name: str) -> bytes:
    return (_PACKAGE / "host" / f"{name}.sh").read_bytes()


class Files:
    """The files of one project, which is the current directory unless told otherwise."""

    def __init__(self, project: Path | None = None) -> None:
        self._project = project or Path()

    def playbook(self, name: str, near: str) -> tuple[str, str]:
        """(file name, text). A name with a slash or .yml is a file; any other a playbook of that name."""
        is_file = "/" in name or name.endswith((".yml", ".yaml"))
        if is_file:
            base = Path(near).parent if near else self._project
            path = base / name
        else:
            path = next((p for p in self._named(name) if p.is_file()), Path())
        if not path.is_file():
            raise self._missing(name, near, is_file)
        return self._shown(path), self._read(path)

    def source(self, name: str, near: str, checksum: str, war: bool = False) -> Source:
        """The files at `name`, which is relative to the playbook `near`; those inside it, if it is a WAR."""
        base = self._project
        if near.endswith((".yml", ".yaml")):
            builtin = near.startswith("playbooks/") and not (self._project / near).is_file()
            base = (_data("playbooks").parent if builtin else self._project) / Path(near).parent
        return read_war(base / name) if war else read(base / name, checksum)

    def template(self, name: str) -> tuple[str, str] | None:
        for path in (self._project / "templates" / name, _data("templates") / name):
            if path.is_file():
                return self._shown(path), self._read(path)
        return None

    def overrides(self) -> bool:
        """Does the project bring templates of its own?"""
        own = self._project / "templates"
        return own.is_dir() and own.resolve() != _data("templates").resolve()

    def builtin(self) -> Iterator[str]:
        yield from sorted(path.stem for path in _data("playbooks").glob("*.yml"))

    def _named(self, name: str) -> Iterator[Path]:
        for folder in (self._project / "playbooks", _data("playbooks")):
            yield folder / f"{name}.yml"

    def _shown(self, path: Path) -> str:
        """Short, and the same for everybody: built-in files by their place in the project."""
        for folder in ("playbooks", "templates"):
            if path.is_relative_to(_data(folder)):
                return f"{folder}/{path.relative_to(_data(folder))}"
        return str(path)

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: can't be read: {error}", "it has to be a text file in UTF-8") from None

    def _missing(self, name: str, near: str, is_file: bool) -> UsageError:
        asked = f" ({near} extends it)" if near else ""
        if is_file:
            return UsageError(f"playbook {name}: there is no such file{asked}", "check the path")
        names = list(self.builtin())
        close = get_close_matches(name, names, 1)
        guess = f"did you mean {close[0]}? " if close else ""
        return UsageError(
            f"playbook {name}: there is none of that name{asked}",
            f"{guess}Built in: {', '.join(names)}; your own: -p FILE.yml",
        )
