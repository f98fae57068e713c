"""Merges recipes, an extended playbook, the playbook, an environment and `--set` into one document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from lampctl.documents.recipes import SITES, Recipes, below_sites
from lampctl.documents.yamlfile import Document, Path, Position, parse, shown, value
from lampctl.errors import PlaybookError, UsageError, guess

# `extends` merges mappings key by key, but these are replaced as a whole: the sites of a built-in
# playbook are an example, and merged lists of hosts would be a surprise.
REPLACED = (SITES, "hosts")
ENVIRONMENTS = "environments"
# Playbook keys that are not fields of the models: they are removed before validation.
READ_BEFORE = {
    "extends": "The playbook that this one builds on: lamp, or a file.",
    ENVIRONMENTS: "Values for `--env NAME`, by name: each a mapping that is laid over the playbook, hosts included.",
}


class Playbooks(Recipes, Protocol):
    """Where playbooks and recipes are found."""

    def playbook(self, name: str, near: str) -> tuple[str, str]:
        """(file name, text) of a playbook. Raises UsageError if there is none. `near`: the file that refers to it."""
        ...


def layered(
    name: str, library: Playbooks, environment: str = "", settings: Sequence[str] = ()
) -> tuple[Document, tuple[str, ...], tuple[str, ...]]:
    """(the document; the files, from the one asked for to the last that it extends; its environments)."""
    document, files = _extended(name, library)
    document, environments = _taken_out(document)
    if environment:
        document = _laid_over(_chosen(environment, environments, name), document)
    for setting in settings:
        document = _set(setting, document)
    document = _laid_over(document, below_sites(document, library))
    return document, files, tuple(environments)


def _extended(name: str, library: Playbooks) -> tuple[Document, tuple[str, ...]]:
    file, text = library.playbook(name, "")
    documents, files = [parse(text, file)], [file]
    while "extends" in documents[-1].data:
        file, text = _base(documents[-1], files, library)
        files.append(file)
        documents.append(parse(text, file))
    merged = documents.pop()
    while documents:
        merged = _merge(documents.pop(), merged)
    return merged, tuple(files)


def _base(document: Document, files: Sequence[str], library: Playbooks) -> tuple[str, str]:
    """(file name, text) of the playbook that `document` extends; removes the key `extends`."""
    where = document.position(("extends",))
    wanted = document.data.pop("extends")
    if not isinstance(wanted, str):
        raise PlaybookError(f"{where}: extends: must be the name of one playbook", "extends: lamp")
    try:
        file, text = library.playbook(wanted, files[-1])
    except UsageError as error:
        raise PlaybookError(f"{where}: extends: {error.message}", error.hint) from None
    if file in files:
        circle = " → ".join([*files[files.index(file) :], file])
        raise PlaybookError(f"{where}: extends goes in a circle: {circle}", "one of them must not extend another")
    return file, text


def _merge(over: Document, base: Document) -> Document:
    """`over` merged into `base`: mappings key by key, everything else replaced."""
    gone = [key for key in REPLACED if key in over.data]
    positions = {path: at for path, at in base.positions.items() if not (path and path[0] in gone)}
    data = {key: value for key, value in base.data.items() if key not in gone}
    return Document(_merged(over.data, data), positions | over.positions)


def _merged(over: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, new in over.items():
        below = result.get(key)
        result[key] = _merged(new, below) if isinstance(new, dict) and isinstance(below, dict) else new
    return result


def _taken_out(document: Document) -> tuple[Document, dict[str, Document]]:
    """The document without its environments, and these: each a document of its own, whose positions name it."""
    found = document.data.get(ENVIRONMENTS) or {}
    here = document.position((ENVIRONMENTS,))
    example = f"{ENVIRONMENTS}: {{staging: {{hosts: [web1.example.com]}}}}"
    if not isinstance(found, dict):
        raise PlaybookError(f"{here}: {ENVIRONMENTS}: should be a mapping of names to mappings", example)
    environments = {}
    for name, data in found.items():
        where = document.position((ENVIRONMENTS, name))
        if data is not None and not isinstance(data, dict):
            raise PlaybookError(f"{where}: {ENVIRONMENTS} → {name}: should be a mapping of keys to values", example)
        for key in READ_BEFORE:
            if key in (data or {}):
                where = document.position((ENVIRONMENTS, name, key))
                raise PlaybookError(
                    f"{where}: {ENVIRONMENTS} → {name}: {key} can't be in it", f"write {key} at the top"
                )
        own = {
            path[2:]: replace(at, within=f"env {name}")
            for path, at in document.positions.items()
            if path[:2] == (ENVIRONMENTS, name) and path[2:]
        }
        environments[name] = Document(data or {}, own)
    rest = {key: value for key, value in document.data.items() if key != ENVIRONMENTS}
    kept = {path: at for path, at in document.positions.items() if path[:1] != (ENVIRONMENTS,)}
    return Document(rest, kept), environments


def _chosen(name: str, environments: Mapping[str, Document], playbook: str) -> Document:
    if name in environments:
        return environments[name]
    if not environments:
        raise UsageError(
            f"--env {name}: the playbook {playbook} has no environments",
            f"{ENVIRONMENTS}: {{{name}: {{hosts: [web1.example.com]}}}} in the playbook defines it",
        )
    raise UsageError(
        f"--env {name}: the playbook {playbook} has no such environment",
        f"{guess(name, environments)}It has: {', '.join(environments)}",
    )


def _laid_over(over: Document, base: Document) -> Document:
    """As many `--set` at once: mappings key by key, sites included; lists as a whole."""
    replaced = [path for path in over.positions if _replaces(over.data, path)]
    gone = {path: at for path, at in base.positions.items() if any(path[: len(r)] == r for r in replaced)}
    kept = {path: at for path, at in base.positions.items() if path not in gone}
    return Document(_merged(over.data, base.data), kept | over.positions)


def _replaces(data: Any, path: Path) -> bool:
    """Whether `path` is not a mapping. One that is not there was in a value that has been replaced itself."""
    for key in path:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return not isinstance(data, dict)


def _set(setting: str, document: Document) -> Document:
    """The document with `a.b=c` in it; names with dots are found among the keys that are there."""
    key, _, text = setting.partition("=")
    origin = Position(f"--set {key}")
    path = _split(key, document.data)
    _check_setting(setting, path)
    data = _put(document.data, path, value(text, str(origin)))
    kept = {at: where for at, where in document.positions.items() if at[: len(path)] != path}
    return Document(data, kept | dict.fromkeys(_made(path, document.data), origin))


def _check_setting(setting: str, path: tuple[str, ...]) -> None:
    example = "for example: --set php.memory_limit=256M"
    key, _, text = setting.partition("=")
    if not key.isprintable() or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UsageError(f"--set {shown(setting)}: is not valid UTF-8", example)
    if "=" not in setting or not all(path):
        raise UsageError(f"--set {setting}: must be KEY=VALUE", example)
    if path[0] in READ_BEFORE:
        raise UsageError(
            f"--set {path[0]}: that is settled in the playbook's file",
            "write it there, or choose another playbook with -p, or an environment with --env",
        )


def _made(path: Path, data: object) -> list[Path]:
    """The parents of `path` that were not a mapping before, and `path` itself."""
    made = []
    for length, key in enumerate(path, 1):
        data = data.get(key) if isinstance(data, dict) else None
        if length == len(path) or not isinstance(data, dict):
            made.append(path[:length])
    return made


def _put(data: object, path: Sequence[str], new: Any) -> dict[str, Any]:
    """A copy of `data` in which the place `path` holds `new`, whatever was there before."""
    below = dict(data) if isinstance(data, dict) else {}
    head, *rest = path
    below[head] = _put(below.get(head), rest, new) if rest else new
    return below


def _split(key: str, data: object) -> tuple[str, ...]:
    """`sites.shop.example.com.root` → (sites, shop.example.com, root): the longest existing key wins."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        head = ".".join(parts[:length])
        if isinstance(data, dict) and head in data:
            rest = ".".join(parts[length:])
            return (head, *_split(rest, data[head])) if rest else (head,)
    return tuple(parts)
