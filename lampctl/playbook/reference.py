"""Every field of a playbook, from the models: for the reference in docs/ and `lampctl explain`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Section:
    """One model at its place in a playbook."""

    title: str
    path: str
    model: type[BaseModel]


@dataclass(frozen=True)
class Field:
    """One option. `path`: its dotted path, in which NAME is a name of the user's own."""

    path: str
    section: Section
    info: FieldInfo


def sections(top: type[BaseModel]) -> list[Section]:
    """A section for each model, in the order in which a reader meets them, each once."""
    found = [Section("The top level", "", top)]
    for section in found:
        children = [
            child
            for name, field in section.model.model_fields.items()
            for child in _below(f"{section.path}.{name}".strip("."), field.annotation)
        ]
        known = {other.model for other in found}
        found += [child for child in dict.fromkeys(children) if child.model not in known]
    return sorted(found, key=lambda section: _order(section, top))


def fields(top: type[BaseModel]) -> Iterator[Field]:
    """Every option; one that several kinds of site have comes once for each."""
    for section in sections(top):
        for name, field in section.model.model_fields.items():
            yield Field(f"{section.path}.{name}".strip("."), section, field)


def _order(section: Section, top: type[BaseModel]) -> tuple[int, str]:
    """Layers as the playbook has them, and within one from the outside to the inside."""
    first = section.path.split(".")[0]
    return (list(top.model_fields).index(first) if first else -1, section.path)


def _below(path: str, annotation: Any) -> Iterator[Section]:
    """The models inside a field's type; members of a union have its key in their title."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield Section(path, path, annotation)
        return
    origin, arguments = get_origin(annotation), get_args(getattr(annotation, "__value__", annotation))
    if origin is Literal:
        return
    if origin is Annotated:
        arguments = arguments[:1]
    below = [child for argument in arguments for child in _below(_inside(path, origin), argument)]
    several = len({child.model for child in below}) > 1
    yield from (Section(_titled(child), child.path, child.model) if several else child for child in below)


def _inside(path: str, origin: Any) -> str:
    if origin is dict:
        return f"{path}.NAME"
    return f"{path}.N" if origin in (list, tuple) else path


def _titled(section: Section) -> str:
    """`sites.NAME` → `sites.NAME of type: php`, by the field that can have one value only."""
    if section.title != section.path:
        return section.title
    for name, field in section.model.model_fields.items():
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1:
            return f"{section.title} of {name}: {get_args(field.annotation)[0]}"
    return f"{section.title} ({section.model.__name__})"
