"""Kinds of resources, layers and site types of other installed packages, found by Python's entry points.

An extension is code that runs with the rights of lampctl's user, and decides what root does on hosts: install only
what you trust.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Generic, TypeVar

from lampctl.errors import UsageError

KINDS, LAYERS, SITES = "lampctl.kinds", "lampctl.layers", "lampctl.sites"

T = TypeVar("T")


@dataclass(frozen=True)
class Extension(Generic[T]):
    """What one entry point names."""

    value: T
    origin: str  # the distribution and its version, for messages
    folder: Path  # of its module; its templates are in `templates` there


@cache
def extensions(group: str, shape: type[T]) -> tuple[Extension[T], ...]:
    """The extensions of a group, by name. They are imported once, when they are first needed.

    Raises:
        UsageError: One of them cannot be imported, or is not an instance of `shape`; it names the distribution.
    """
    return tuple(_loaded(point, origin, shape) for point, origin in installed() if point.group == group)


def folders() -> tuple[Path, ...]:
    """The folders of all extensions' templates; each once."""
    found = (_folder(point) / "templates" for point, _ in installed())
    return tuple(dict.fromkeys(folder for folder in found if folder.is_dir()))


@cache
def installed() -> tuple[tuple[EntryPoint, str], ...]:
    """(entry point, distribution and version) of all extensions, by name. Nothing is imported."""
    found = [
        (point, f"{distribution.metadata['Name']} {distribution.version}")
        for distribution in _distributions()
        for point in distribution.entry_points
        if point.group in (KINDS, LAYERS, SITES)
    ]
    return tuple(sorted(found, key=lambda pair: (pair[0].group, pair[0].name)))


def refuse(extension: Extension[T], why: str) -> UsageError:
    """The error for an extension that cannot be used."""
    return UsageError(f"extension {extension.origin}: {why}", _hint(extension.origin))


def _distributions() -> Iterator[Distribution]:
    """Those with an entry point of ours. importlib.metadata would parse what all of them have, in 10 ms."""
    for folder in dict.fromkeys(sys.path):
        for file in Path(folder or ".").glob("*.dist-info/entry_points.txt"):
            if b"[lampctl." in file.read_bytes():
                yield Distribution.at(file.parent)


def _loaded(point: EntryPoint, origin: str, shape: type[T]) -> Extension[T]:
    where = f"extension {origin}: {point.group}: {point.name} = {point.value}"
    try:
        value = point.load()
    except Exception as error:  # it is third-party code
        raise UsageError(f"{where}: cannot be imported: {type(error).__name__}: {error}", _hint(origin)) from error
    if not isinstance(value, shape):
        raise UsageError(f"{where}: is a {type(value).__name__}, not a {shape.__name__}", _hint(origin))
    return Extension(value, origin, _folder(point))


def _folder(point: EntryPoint) -> Path:
    """Where the module is; found by its top package alone, which is not imported."""
    top, *rest = point.module.split(".")
    for folder in sys.path:
        base = Path(folder or ".") / top
        if base.is_dir():
            inside = base.joinpath(*rest)
            return inside if inside.is_dir() else inside.parent if rest else base
    return Path(sys.prefix) / "none"


def _hint(origin: str) -> str:
    return f"update it, or remove it: pip uninstall {origin.split(' ')[0]}"
