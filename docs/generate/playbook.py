"""playbook.md: every field of a playbook, from the models."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.generate.kinds import kind, literal, refined, rule, validators, words
from docs.generate.markdown import anchor, code, table
from lampctl.playbook import Playbook
from lampctl.playbook.schema import schema

INTRO = """# Playbook reference

{doc}

`lampctl playbook validate FILE` says what is wrong, and in which line; `lampctl playbook show FILE` shows a playbook
with all its defaults; `lampctl playbook schema` prints this page's contents as JSON Schema, for editors.
`--set path.of.a.field=VALUE` on the command line sets any field of this page."""


@dataclass(frozen=True)
class Section:
    """One model at its place in a playbook."""

    title: str
    path: str
    model: type[BaseModel]


def page() -> str:
    found = sections(Playbook)
    return "\n\n".join([INTRO.format(doc=inspect.getdoc(Playbook)), *tables(found), _rules(found)])


def tables(found: list[Section]) -> list[str]:
    """The text of each section."""
    return [_section(section, found) for section in found]


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


def _order(section: Section, top: type[BaseModel]) -> tuple[int, str]:
    """Layers as the playbook has them, and within one from the outside to the inside."""
    first = section.path.split(".")[0]
    return (list(top.model_fields).index(first) if first else -1, section.path)


def _below(path: str, annotation: Any) -> Iterator[Section]:
    """The models inside a field's type; those that only a union tells apart have its key in their title."""
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


def _section(section: Section, every: list[Section]) -> str:
    doc = "" if section.path == "" else inspect.getdoc(section.model) or ""
    rows = [_row(name, field, every) for name, field in section.model.model_fields.items()]
    if section.path == "":
        rows = [*_read_before(section.model), *rows]
    return "\n\n".join(
        part for part in (f"## {section.title}", doc, table(("field", "what", "default", "holds"), rows)) if part
    )


def _row(name: str, field: FieldInfo, every: list[Section]) -> tuple[str, ...]:
    def link(model: type[BaseModel]) -> str:
        title = next(section.title for section in every if section.model is model)
        return f"[mapping]({anchor(title)})" if " of " not in title else f"[{title.split(' of ')[1]}]({anchor(title)})"

    what = field.description or ""
    default = "*required*" if field.is_required() else code(literal(field.get_default(call_default_factory=True)))
    return code(name), what, default, refined(words(field.annotation, link), field.metadata)


def _read_before(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """What the schema has beside the model's own fields: `extends`, which is gone when the model sees a playbook."""
    for name, said in schema()["properties"].items():
        if name not in model.model_fields:
            yield code(name), said["description"], "", "text"


def _rules(found: list[Section]) -> str:
    """The rules of each kind of text, in the words of its own error message."""
    fields = [field for section in found for field in section.model.model_fields.values()]
    every = [validator for field in fields for validator in validators(field.annotation, field.metadata)]
    rules = {kind(validator): rule(validator) for validator in every}
    rows = [(name, f"*“…” {text}*") for name, text in sorted(rules.items()) if text]
    return "## Kinds of text\n\nWhat lampctl answers to a value that is none:\n\n" + table(("kind", "answer"), rows)
