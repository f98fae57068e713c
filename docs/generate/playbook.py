"""playbook.md: every field of a playbook, from the models."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from docs.generate.markdown import anchor, table
from lampctl.layers.model import playbook_model
from lampctl.playbook.kinds import code, literal, refined, texts, words
from lampctl.playbook.reference import Section, sections
from lampctl.playbook.schema import schema

INTRO = """# Playbook reference

{doc}

`lampctl playbook validate FILE` says what is wrong, and in which line; `lampctl playbook show FILE` shows a playbook
with all its defaults; `lampctl playbook schema` prints this page's contents as JSON Schema, for editors.
`--set path.of.a.field=VALUE` on the command line sets any field of this page."""


_HOLDS = {"environments": "mapping of name to mapping"}


def page() -> str:
    found = sections(playbook_model())
    return "\n\n".join([INTRO.format(doc=inspect.getdoc(playbook_model())), *tables(found), _rules(found)])


def tables(found: list[Section]) -> list[str]:
    """The text of each section."""
    return [_section(section, found) for section in found]


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
    """What the schema has beside the model's own fields: it is gone when the model sees a playbook."""
    for name, said in schema(playbook_model())["properties"].items():
        if name not in model.model_fields:
            yield code(name), said["description"], "", _HOLDS.get(name, "text")


def _rules(found: list[Section]) -> str:
    """The rules of each kind of text, in the words of its own error message."""
    fields = [field for section in found for field in section.model.model_fields.values()]
    rules = {text.kind: text.rule for field in fields for text in texts(field.annotation, field.metadata)}
    rows = [(name, f"*“…” {text}*") for name, text in sorted(rules.items())]
    return "## Kinds of text\n\nThe error message for a value that breaks the rule:\n\n" + table(
        ("kind", "answer"), rows
    )
