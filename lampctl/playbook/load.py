"""From a name to a valid playbook: read, extended, overridden, checked; each error with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from lampctl.errors import PlaybookError, UsageError
from lampctl.playbook.messages import messages, shown
from lampctl.playbook.models import Playbook
from lampctl.playbook.sites import CgiSite, DatabaseOptions
from lampctl.playbook.yamlfile import Document, Path, Position, parse, value
from lampctl.resources import Source

# `extends` merges mappings key by key, but these are replaced as a whole: the sites of a built-in
# playbook are an example, and hosts add up to surprises.
REPLACED = ("sites", "hosts")


class Library(Protocol):
    """Where playbooks are found."""

    def playbook(self, name: str, near: str) -> tuple[str, str]:
        """(file name, text) of a playbook; UsageError where there is none. `near`: the file that asks."""
        ...

    def source(self, name: str, near: str, checksum: str, war: bool = False) -> Source:
        """The files of a folder, one file, or what is inside a WAR; UsageError where they are not what was meant."""
        ...


@dataclass(frozen=True)
class Client:
    """A site of other hosts whose database is on this one; its name and its user are filled in."""

    site: str
    database: DatabaseOptions
    addresses: tuple[str, ...]  # from which it connects
    all: bool  # every host that has the site is known, and its address is among these


@dataclass(frozen=True)
class Loaded:
    """A playbook as it will be used, and where each of its values comes from."""

    name: str
    playbook: Playbook
    document: Document
    files: tuple[str, ...]  # from the one asked for to the last that it extends
    sources: Mapping[str, Source] = field(default_factory=dict)  # site → its files of this machine
    clients: tuple[Client, ...] = ()  # of a host of databases


def load(name: str, settings: Sequence[str], library: Library) -> Loaded:
    """The playbook `name` (a built-in one, or a file) with `--set` values over it."""
    document, files = _extended(name, library)
    for setting in settings:
        document = _set(setting, document)
    playbook = validate(document)
    return Loaded(_title(name), playbook, document, files, _sources(playbook, document, library))


def _sources(playbook: Playbook, document: Document, library: Library) -> dict[str, Source]:
    found = {}
    for name, site in playbook.sites.items():
        for key in ("source", "war", "tarball"):
            path = getattr(site, key, None)
            if path is None:
                continue
            where = document.position(("sites", name, key))
            try:
                checksum = getattr(site, "sha256", None) or ""
                found[name] = library.source(path, where.file if where else "", checksum, war=key == "war")
            except UsageError as error:
                message = f"{where}: sites → {name} → {key}: {error.message}"
                raise PlaybookError(message, error.hint) from None
            wrong = site.unfit(found[name].modes) if isinstance(site, CgiSite) else None
            if wrong:
                raise PlaybookError(f"{where}: sites → {name} → {key}: {path} {wrong[0]}", wrong[1])
    return found


def validate(document: Document) -> Playbook:
    """The document as a Playbook; PlaybookError with a line for each thing that is wrong."""
    try:
        return Playbook.model_validate(document.data)
    except ValidationError as error:
        raise PlaybookError(
            "\n".join(messages(error, document, Playbook)), "lampctl playbook schema shows all that a playbook may say"
        ) from None


def _title(name: str) -> str:
    """Names files on the host, among others: so it is made of plain characters."""
    stem = name.rsplit("/", 1)[-1].removesuffix(".yml").removesuffix(".yaml")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem) or "playbook"


def _extended(name: str, library: Library) -> tuple[Document, tuple[str, ...]]:
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


def _base(document: Document, files: Sequence[str], library: Library) -> tuple[str, str]:
    """(file name, text) of what `document` extends, which is taken out of it."""
    where = document.position(("extends",))
    wanted = document.data.pop("extends")
    if not isinstance(wanted, str):
        raise PlaybookError(f"{where}: extends: has to be the name of one playbook", "extends: lamp")
    try:
        file, text = library.playbook(wanted, files[-1])
    except UsageError as error:
        raise PlaybookError(f"{where}: extends: {error.message}", error.hint) from None
    if file in files:
        circle = " → ".join([*files[files.index(file) :], file])
        raise PlaybookError(f"{where}: extends goes in a circle: {circle}", "end it in a playbook that extends none")
    return file, text


def _merge(over: Document, base: Document) -> Document:
    """`over` laid over `base`: mappings key by key, everything else replaced."""
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
        raise UsageError(f"--set {shown(setting)}: is no text in UTF-8", example)
    if "=" not in setting or not all(path):
        raise UsageError(f"--set {setting}: has to be KEY=VALUE", example)
    if path[0] == "extends":
        raise UsageError(
            "--set extends: what a playbook extends is settled in its file",
            "write it there, or choose another playbook with -p",
        )


def _made(path: Path, data: object) -> list[Path]:
    """The places on the way to `path` that were no mapping before, and `path` itself."""
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
    """`sites.shop.example.com.root` → (sites, shop.example.com, root): the longest key that is there wins."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        head = ".".join(parts[:length])
        if isinstance(data, dict) and head in data:
            rest = ".".join(parts[length:])
            return (head, *_split(rest, data[head])) if rest else (head,)
    return tuple(parts)
