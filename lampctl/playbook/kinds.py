"""What a field may hold, in words, from its Python type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lampctl.playbook.text import Text

_WORDS = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", NoneType: "`null`"}

Link = Callable[[type[BaseModel]], str]  # a model → how to refer to its section


def code(text: str) -> str:
    """As it is written, in a line."""
    return f"`{text}`" if text else ""


def literal(value: object) -> str:
    """A value as it is written in a playbook."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("...\n").strip()


def words(annotation: Any, link: Link) -> str:
    """`list[Hostname]` → `list of hostname`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _WORDS:
        return _WORDS[annotation]
    if origin is Annotated:
        return refined(words(arguments[0], link), arguments[1:])
    if origin is Literal:
        return " or ".join(code(literal(value)) for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(words(argument, link) for argument in arguments))
    if origin is dict:
        return f"mapping of {words(arguments[0], link)} to {words(arguments[1], link)}"
    if origin in (list, tuple, set, frozenset):
        item = words(arguments[0], link)
        return f"list of ({item})" if " or " in item else f"list of {item}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return link(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(code(literal(member.value)) for member in annotation)
    return words(annotation.__value__, link) if hasattr(annotation, "__value__") else "anything"


def refined(base: str, metadata: Sequence[Any]) -> str:
    """`base` narrowed down by its kind of text, and by bounds."""
    if "](" in base:
        return base  # a mapping with a section of its own, which says more
    items = flat(metadata)
    base = next((item.kind for item in reversed(items) if isinstance(item, Text)), base)
    bounds = {name: getattr(item, name) for item in items for name in ("ge", "gt", "le", "lt") if hasattr(item, name)}
    pattern = next(
        (item.pattern for item in items if not isinstance(item, Text) and getattr(item, "pattern", None)), ""
    )
    return base + _range(bounds) + (f" like {code(pattern)}" if pattern else "")


def _range(bounds: dict[str, Any]) -> str:
    if "ge" in bounds and "le" in bounds:
        return f" from {bounds['ge']} to {bounds['le']}"
    signs = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return "".join(f", {signs[name]} {value}" for name, value in bounds.items())


def texts(annotation: Any, metadata: Sequence[Any] = ()) -> Iterator[Text]:
    """All kinds of text that are somewhere inside a type."""
    yield from (item for item in flat(metadata) if isinstance(item, Text))
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from texts(inner, more)
    else:
        for argument in get_args(getattr(annotation, "__value__", annotation)):
            yield from texts(argument)


def flat(metadata: Iterable[Any]) -> list[Any]:
    """Metadata of a type, with what its FieldInfos hold in their place."""
    return [inner for item in metadata or () for inner in (item.metadata if isinstance(item, FieldInfo) else [item])]
