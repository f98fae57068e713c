"""A playbook as it will be used, each value with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lampctl.documents import Document
from lampctl.playbook.kinds import literal
from lampctl.playbook.models import Playbook

DEFAULT = "default"


@dataclass(frozen=True)
class Value:
    """One line of a playbook: a value, or the key of a mapping, which has no origin."""

    path: tuple[str, ...]
    text: str = ""  # as YAML, on one line
    origin: str = ""  # default, FILE:LINE, env NAME FILE:LINE, or --set


def values(playbook: Playbook, document: Document) -> Iterator[Value]:
    """Every value of the playbook, defaults included, in its order."""
    yield from _values(playbook.model_dump(mode="json"), (), document)


def as_yaml(found: Iterable[Value]) -> str:
    """YAML, with the origins as comments."""
    lines = [(f"{'  ' * (len(v.path) - 1)}{literal(v.path[-1])}: {v.text}".rstrip(), v.origin) for v in found]
    width = min(max((len(line) for line, _ in lines), default=0), 50)
    return "\n".join(f"{line:<{width}}  # {origin}" if origin else line for line, origin in lines)


def _values(data: dict[str, Any], above: tuple[str, ...], document: Document) -> Iterator[Value]:
    for key, value in data.items():
        path = (*above, key)
        if isinstance(value, dict) and value:
            yield Value(path)
            yield from _values(value, path, document)
        else:
            yield Value(path, literal(value), _origin(path, document))


def _origin(path: tuple[str, ...], document: Document) -> str:
    data: Any = document.data
    for key in path:
        if not isinstance(data, dict) or key not in data:
            return DEFAULT
        data = data[key]
    where = document.position(path)
    if where is None:
        return DEFAULT
    if not where.line:
        return where.file.split(" ")[0]  # --set
    return f"{where.within} {where}".strip()
