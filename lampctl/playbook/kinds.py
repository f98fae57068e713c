"""What a field may hold, in words, from its Python type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

_WORDS = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", NoneType: "`null`"}
_IMPOSSIBLE = "\0"  # a value that no kind of text accepts: asked for what is wrong with it, a validator tells its rule

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
    """`base` narrowed down by validators, which name a kind of text, and by bounds."""
    if "](" in base:
        return base  # a mapping with a section of its own, which says more
    for item in metadata:
        if isinstance(item, FieldInfo):
            base = refined(base, item.metadata)
        elif isinstance(item, AfterValidator):
            base = kind(item)
    bounds = {
        name: getattr(item, name) for item in metadata for name in ("ge", "gt", "le", "lt") if hasattr(item, name)
    }
    pattern = next((item.pattern for item in metadata if getattr(item, "pattern", None)), "")
    return base + _range(bounds) + (f" like {code(pattern)}" if pattern else "")


def _range(bounds: dict[str, Any]) -> str:
    if "ge" in bounds and "le" in bounds:
        return f" from {bounds['ge']} to {bounds['le']}"
    signs = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return "".join(f", {signs[name]} {value}" for name, value in bounds.items())


def kind(validator: AfterValidator) -> str:
    """The name of the kind of text that a validator accepts: `_database_name` → `database name`."""
    return str(getattr(validator.func, "__name__", "text")).strip("_").replace("_", " ")


def rule(validator: AfterValidator) -> str:
    """What the validator tells whoever gives it something else."""
    function: Callable[[str], object] = validator.func  # type: ignore[assignment]
    try:
        function(_IMPOSSIBLE)
    except ValueError as error:
        return str(error)
    return ""


def validators(annotation: Any, metadata: Sequence[Any] = ()) -> Iterator[AfterValidator]:
    """All that are somewhere inside a type."""
    for item in metadata:
        yield from validators(None, item.metadata) if isinstance(item, FieldInfo) else ()
        yield from (item,) if isinstance(item, AfterValidator) else ()
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from validators(inner, more)
    else:
        for argument in get_args(getattr(annotation, "__value__", annotation)):
            yield from validators(argument)
