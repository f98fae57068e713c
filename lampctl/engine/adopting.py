"""The first playbook of an application, for `lampctl init --from`: the recipe that fits it, and what differs."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lampctl.documents import parse
from lampctl.engine.detect import Fit, Folder, detect
from lampctl.engine.library import Files
from lampctl.engine.starter import compose
from lampctl.errors import UsageError
from lampctl.playbook.kinds import literal
from lampctl.playbook.sites.starter import Starter

_WIDEST = 100  # characters of a list on one line
_SERVER = "\nweb: {server: nginx}             # or apache\n"
_DATABASE = "mysql: {}                       # MariaDB\n"


def adopted(folder: str, recipe: str, file: Path, hosts: list[str], site: str) -> tuple[str, Fit]:
    """(the text of the playbook, the recipe that fits the folder and why).

    Raises:
        UsageError: No recipe fits, or there is none of the name `recipe`.
    """
    fit = detect(Folder(Path(folder), site), recipe)
    merged = {**_recipe(fit.recipe), **fit.site}
    own = {"source": os.path.relpath(folder, file.parent), **_left_out(Path(folder), file, merged), **fit.site}
    shows = f"# lampctl playbook show {file} prints what it sets"
    kind = f"{f'recipe: {fit.recipe}':<31} {shows}" if fit.recipe else f"type: {own.pop('type')}"
    title = f"{fit.recipe or 'No recipe is needed'}: {fit.why}."
    layers = "lamp" if merged.get("type") == "php" else ""
    top = "" if layers else f"{_SERVER}{_DATABASE if merged.get('database') else ''}"
    chosen = Starter(title, _options(fit, own, merged), layers, top)
    return compose(kind, chosen, str(file), hosts, site), fit


def _options(fit: Fit, own: Mapping[str, Any], merged: Mapping[str, Any]) -> str:
    """The lines of the site after those that every site begins with."""
    lines = [*(f"# {note}" for note in fit.notes), *(line for key in own for line in _written(key, own[key]))]
    if merged.get("type") == "php" and not merged.get("database"):
        lines.append("# database: true                # PHP finds it in DB_HOST, DB_NAME, DB_USER and DB_PASSWORD")
    return "".join(f"    {line}\n" for line in lines)


def _recipe(name: str) -> dict[str, Any]:
    """The fields that a recipe sets; none without a recipe."""
    if not name:
        return {}
    try:
        file, text = Files().recipe(name)
    except UsageError as error:
        raise UsageError(f"--recipe {name}: {error.message}", error.hint) from None
    return parse(text, file).data


def _left_out(folder: Path, file: Path, merged: Mapping[str, Any]) -> dict[str, Any]:
    """A playbook in the application's own folder is no part of a release."""
    if file.parent.resolve() != folder.resolve():
        return {}
    return {"exclude": [*merged.get("exclude", ()), f"/{file.name}"]}


def _written(key: str, value: Any) -> Iterator[str]:
    """A field as YAML: a long list has a line for each item."""
    line = f"{key}: {literal(value)}"
    if len(line) <= _WIDEST or not isinstance(value, list):
        yield line
        return
    yield f"{key}:"
    yield from (f"  - {literal(item)}" for item in value)
