"""Where playbooks, recipes and templates are found: the project's own first, then the built-in ones."""

from __future__ import annotations

import errno
import os.path
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lampctl import extensions
from lampctl.engine.delivery import deliver
from lampctl.errors import PlaybookError, UsageError, guess
from lampctl.resources import Source

if TYPE_CHECKING:
    from lampctl.playbook import Playbook
    from lampctl.playbook.sites import Origin

LARGEST = 1 << 20  # bytes of a playbook or a template; more of them is some other file
_PACKAGE = Path(__file__).parents[1]
_BUILT_IN = "built-in "  # before the shown name of a file that comes with lampctl


def data(name: str) -> Path:
    """In a wheel the data lies inside the package, in a checkout beside it."""
    inside = _PACKAGE / "_data" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


class Files:
    """The files of one project, by default the current directory."""

    def __init__(self, project: Path | None = None) -> None:
        self._project = project or Path()

    def playbook(self, name: str, near: str) -> tuple[str, str]:
        """(file name, text). A name with a slash or .yml is a file; any other a playbook of that name."""
        is_file = "/" in name or name.endswith((".yml", ".yaml"))
        base = Path(near).parent if near else self._project
        found = self._first(
            [Path(os.path.normpath(base / name))]
            if is_file
            else [p for p in self._named(name) if self._shown(p) != near]
        )
        if found is None:
            raise self._missing(name, is_file)
        return found

    def recipe(self, name: str) -> tuple[str, str]:
        """(file name, text) of the recipe of that name. UsageError if there is none."""
        names = self.recipes()
        if name not in names:
            raise UsageError(
                f"there is no recipe {name}",
                f"{guess(name, names)}Recipes: {', '.join(names)}; your own: playbooks/recipes/NAME.yml",
            )
        return self._recipe(name)

    def recipes(self) -> dict[str, str]:
        """Name of each recipe, the project's own included → its first line, without the `#`."""
        names = sorted({path.stem for folder in self._recipes() for path in folder.glob("*.yml")})
        return {name: self._recipe(name)[1].partition("\n")[0].strip("# ") for name in names}

    def source(self, origin: Origin, near: str) -> Source:
        """The files of an origin, whose path is relative to the playbook `near`."""
        return deliver(origin, self.beside(near))

    def beside(self, near: str) -> Path:
        """The folder of the playbook `near`, as it is shown; the project's for what no playbook says."""
        if not near.endswith((".yml", ".yaml")):
            return self._project
        inside = near.removeprefix(_BUILT_IN)
        return (data("playbooks").parent if inside != near else self._project) / Path(inside).parent

    def model(self) -> type[Playbook]:
        """The model of a playbook, with the layers and site types that are registered."""
        from lampctl.layers.model import playbook_model

        return playbook_model()

    def template(self, name: str) -> tuple[str, str] | None:
        """(file name, text): the project's own, else the built-in one, else an extension's."""
        own = [self._project / "templates" / name, data("templates") / name]
        return self._first(own) or self._first([folder / name for folder in extensions.folders()])

    def overrides(self) -> bool:
        """Does the project have its own templates?"""
        own = self._project / "templates"
        return own.is_dir() and own.resolve() != data("templates").resolve()

    def builtin(self) -> Iterator[str]:
        yield from sorted(path.stem for path in data("playbooks").glob("*.yml"))

    def names(self) -> list[str]:
        """Every playbook that has a name: the project's own and the built-in ones."""
        own = (path.stem for path in (self._project / "playbooks").glob("*.yml"))
        return sorted({*own, *self.builtin()})

    def _recipe(self, name: str) -> tuple[str, str]:
        return self._first(folder / f"{name}.yml" for folder in self._recipes()) or (name, "")

    def _recipes(self) -> tuple[Path, ...]:
        return tuple(folder / "recipes" for folder in (self._project / "playbooks", data("playbooks")))

    def _named(self, name: str) -> Iterator[Path]:
        for folder in (self._project / "playbooks", data("playbooks")):
            yield folder / f"{name}.yml"

    def _shown(self, path: Path) -> str:
        """Short, and the same for everybody: built-in files by their place in the project."""
        for folder in ("playbooks", "templates"):
            if path.is_relative_to(data(folder)):
                return f"{_BUILT_IN}{folder}/{path.relative_to(data(folder))}"
        return str(path)

    def _first(self, paths: Iterable[Path]) -> tuple[str, str] | None:
        """(file name, text) of the first that is there."""
        for path in paths:
            content = self._read(path)
            if content is not None:
                return self._shown(path), content
        return None

    def _read(self, path: Path) -> str | None:
        shown = self._shown(path)
        try:
            with path.open("rb") as stream:
                content = stream.read(LARGEST + 1)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return None
            raise PlaybookError(f"{shown}: can't be read: {error.strerror}", "it must be a text file") from None
        if len(content) > LARGEST:
            raise PlaybookError(f"{shown}: is larger than {LARGEST >> 20} MiB", "name a playbook or a template")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            byte = f"the byte 0x{content[error.start]:02x}"
            raise PlaybookError(f"{shown}:{line}: {byte} is not valid UTF-8", "save the file as UTF-8") from None

    def _missing(self, name: str, is_file: bool) -> UsageError:
        if is_file:
            return UsageError(f"playbook {name}: no such file", "check the path")
        names = list(self.builtin())
        return UsageError(
            f"playbook {name}: not found",
            f"{guess(name, names)}Built in: {', '.join(names)}; your own: -p FILE.yml",
        )
