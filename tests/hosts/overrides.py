"""Project folders that override one of lampctl's templates."""

from __future__ import annotations

from pathlib import Path


def template(folder: Path, name: str, text: str) -> Path:
    """Override the built-in template `name` with `text`; returns the folder."""
    path = folder / "templates" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return folder


def original(name: str) -> str:
    """The text of a built-in template."""
    return (Path(__file__).parents[2] / "templates" / name).read_text()
