"""From a name to a valid playbook: read, extended, overridden, checked; each error with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lampctl.errors import PlaybookError, UsageError
from lampctl.playbook.models import Playbook
from lampctl.playbook.sites import SITE_TYPES, CgiSite
from lampctl.playbook.yamlfile import Document, Path, Position, parse, scalar
from lampctl.resources import Source

# `extends` merges mappings key by key, but these are replaced as a whole: the sites of a built-in
# playbook are an example, and hosts add up to surprises.
REPLACED = ("sites", "hosts")


class Library(Protocol):
    """Where playbooks are found."""

    def playbook(self, name: str, near: str) -> tuple[str, str]:
        """(file name, text) of a playbook; UsageError where there is none. `near`: the file that asks."""
        ...

    def source(self, name: str, near: str, checksum: str) -> Source:
        """The files of a folder, or one file; UsageError where there are none, or they are not what was meant."""
        ...


@dataclass(frozen=True)
class Loaded:
    """A playbook as it will be used, and where each of its values comes from."""

    name: str
    playbook: Playbook
    document: Document
    files: tuple[str, ...]  # from the one asked for to the last that it extends
    sources: Mapping[str, Source] = field(default_factory=dict)  # site → its files of this machine


def load(name: str, settings: Sequence[str], library: Library) -> Loaded:
    """The playbook `name` (a built-in one, or a file) with `--set` values over it."""
    document, files = _extended(name, library)
    for setting in settings:
        document = _merge(_setting(setting, document), document, replace=())
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
                found[name] = library.source(path, where.file if where else "", getattr(site, "sha256", None) or "")
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
            "\n".join(_messages(error, document)), "lampctl playbook schema shows all that a playbook may say"
        ) from None


def _messages(error: ValidationError, document: Document) -> list[str]:
    """One line for each place that is wrong. A place that may be one of several kinds has an error for each."""
    problems: dict[Path, list[ErrorDetails]] = {}
    for problem in error.errors():
        problems.setdefault(_known_path(problem["loc"], document.data), []).append(problem)
    outer = [path for path in problems if not any(path != other and other[: len(path)] == path for other in problems)]
    return [_message(path, problems[path], document) for path in outer]


def _title(name: str) -> str:
    """Names files on the host, among others: so it is made of plain characters."""
    stem = name.rsplit("/", 1)[-1].removesuffix(".yml").removesuffix(".yaml")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem) or "playbook"


def _extended(name: str, library: Library) -> tuple[Document, tuple[str, ...]]:
    documents: list[Document] = []
    files: list[str] = []
    wanted: str | None = name
    while wanted is not None:
        file, text = library.playbook(wanted, files[-1] if files else "")
        if file in files:
            where = documents[-1].position(("extends",))
            circle = " → ".join([*files[files.index(file) :], file])
            raise PlaybookError(
                f"{where}: extends goes in a circle: {circle}", "end it in a playbook that extends none"
            )
        document = parse(text, file)
        files.append(file)
        documents.append(document)
        wanted = document.data.pop("extends", None)
        if wanted is not None and not isinstance(wanted, str):
            where = document.position(("extends",))
            raise PlaybookError(f"{where}: extends: has to be the name of one playbook", "extends: lamp")
    merged = documents.pop()
    while documents:
        merged = _merge(documents.pop(), merged, replace=REPLACED)
    return merged, tuple(files)


def _merge(over: Document, base: Document, replace: Sequence[str]) -> Document:
    """`over` laid over `base`: mappings key by key, everything else replaced."""
    positions = {
        path: at for path, at in base.positions.items() if not (path and path[0] in replace and path[0] in over.data)
    }
    data = {key: value for key, value in base.data.items() if not (key in replace and key in over.data)}
    return Document(_merged(over.data, data), positions | over.positions)


def _merged(over: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(value, below) if isinstance(value, dict) and isinstance(below, dict) else value
    return result


def _setting(setting: str, document: Document) -> Document:
    """`--set a.b=c` as a document; names with dots are found among the keys that are there."""
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise UsageError(f"--set {setting}: has to be KEY=VALUE", "for example: --set php.memory_limit=256M")
    origin = Position(f"--set {key}")
    try:
        value = scalar(text)
    except Exception as error:
        raise UsageError(f"{origin}: can't read the value {text!r} as YAML: {error}", "quote it") from None
    path = _split(key, document.data)
    for part in reversed(path):
        value = {part: value}
    positions: dict[Path, Position] = {path[:n]: origin for n in range(1, len(path) + 1)}
    return Document(value, positions)


def _split(key: str, data: object) -> tuple[str, ...]:
    """`sites.shop.example.com.root` → (sites, shop.example.com, root): the longest key that is there wins."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        head = ".".join(parts[:length])
        if isinstance(data, dict) and head in data:
            rest = ".".join(parts[length:])
            return (head, *_split(rest, data[head])) if rest else (head,)
    return tuple(parts)


def _message(path: Path, problems: list[ErrorDetails], document: Document) -> str:
    name = " → ".join(str(part) for part in path)
    return f"{document.position(path)}: {name + ': ' if name else ''}{_what(problems, path, document.data)}"


def _known_path(location: Sequence[str | int], data: Any) -> Path:
    """Pydantic's location without the names of union members, which are no part of the document."""
    path: list[str | int] = []
    for part in location:
        inside = isinstance(data, dict) and part in data
        inside = inside or (isinstance(data, list) and isinstance(part, int) and part < len(data))
        if inside:
            path.append(part)
            data = data[part]
        elif isinstance(data, dict) and part == location[-1] and not _is_type(part):
            path.append(part)
    return tuple(path)


def _is_type(part: str | int) -> bool:
    """The name of a union's member, as pydantic writes it; none of them can be a key of a playbook."""
    text = str(part)
    return text in ("bool", "str", "int", "float") or "[" in text or " " in text or text.endswith("Options")


def _what(problems: list[ErrorDetails], path: Path, data: Any) -> str:
    first = problems[0]
    got = first.get("input")
    if first["type"] == "union_tag_invalid":
        kind = str(got.get("type")) if isinstance(got, dict) else ""
        close = get_close_matches(kind, SITE_TYPES, 1)
        guess = f"; did you mean {close[0]}?" if close else "."
        return f"unknown type {kind}{guess} Known: {', '.join(SITE_TYPES)}"
    if first["type"] == "missing":
        return f"is missing: {_purpose(path, data)}"
    if first["type"] == "extra_forbidden":
        allowed = _allowed(path[:-1], data)
        close = get_close_matches(str(path[-1]), allowed, 1)
        guess = f"; did you mean {close[0]}?" if close else "."
        return f"unknown key{guess} Allowed here: {', '.join(allowed)}"
    if first["type"] == "value_error":
        text = str(first["msg"]).removeprefix("Value error, ")
        return f"{got!r} {text}" if text.startswith(("is no", "may ")) else text
    kinds = dict.fromkeys(str(problem["msg"]).removeprefix("Input should be ") for problem in problems)
    return f"should be {' or '.join(kinds)}, not {got!r}"


def _allowed(path: Path, data: Any) -> list[str]:
    """The keys that a mapping at `path` may have."""
    allowed = {name for model in _models_at(path, data) for name in model.model_fields}
    return sorted(allowed | ({"extends"} if not path else set()))


def _purpose(path: Path, data: Any) -> str:
    fields = [model.model_fields.get(str(path[-1])) for model in _models_at(path[:-1], data)]
    return next((field.description or "" for field in fields if field), "").rstrip(".")


def _models_at(path: Path, data: Any) -> list[type[BaseModel]]:
    """What describes the mapping at `path`; the type of a site is told by its data."""
    models: list[type[BaseModel]] = [Playbook]
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
        inner: list[type[BaseModel]] = []
        for model in models:
            field = model.model_fields.get(str(part))
            inner += _models(field.annotation) if field else []
        models = inner or models  # below a mapping of names (sites), the models stay the same
        kind = SITE_TYPES.get(data.get("type", "php")) if isinstance(data, dict) else None
        models = [kind] if kind in models and kind else models
    return models


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
