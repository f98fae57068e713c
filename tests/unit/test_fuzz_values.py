"""Every text in a playbook is either made of characters without a meaning in any configuration language, or is free text
and quoted; tests/hosts/test_values.py has the servers themselves read the latter.

The fields are found by walking the models, so a new one is covered, or fails here until its kind is listed.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from lampctl.layers.model import playbook_model
from lampctl.playbook.kinds import flat, texts
from lampctl.playbook.text import Text
from lampctl.quoting import FILTERS, ini

# No blank, quote, backslash, $, %, {}, ;, #, <> or control character: one word in each of the languages.
PLAIN = frozenset(string.ascii_letters + string.digits + "._-+/:@~?=&[]%")
# Free text → where it is written, and what quotes it there.
FREE = {
    "ini value": "FPM's pools: quoting.ini",
    "one line of text": "EnvironmentFile: quoting.systemd; WordPress's installer: shell.words; paths of the controller",
    "user of a relay": "msmtp's configuration: quoting.msmtp",
    "command": "ExecStart, whose syntax it is in: command.check_command",
    "command line": "one argument of sh, quoted: resources/shell",
    "schedule": "a timer's OnCalendar, as cron.on_calendar translates it: fields of numbers, or the shape of a calendar",
    "exclude pattern": "read by pathspec on the controller",
    "git repository": "an argument of git on the controller, after --",
    "url pattern": "regular expressions: layers/denied.escaped",
    "path of a redirect": "regular expressions: layers/denied.escaped",
    "target of a redirect": "a URL, in which all else is percent-encoded: playbook/sites/rules",
    "header value": "vhosts: quoting.apache_text and nginx_text",
    "archive key": "a shell word; base64 in lines",
    "text": "never on a host: description, hosts and ignore_failed_units",
}


def leaves(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, str, Any]]:
    """(path, kind, type) of each text in the model, keys of mappings included."""
    for name, field in model.model_fields.items():
        yield from _texts(f"{path}.{name}".strip("."), field.annotation, tuple(field.metadata))


def _texts(path: str, annotation: Any, metadata: tuple[Any, ...]) -> Iterator[tuple[str, str, Any]]:
    annotation = getattr(annotation, "__value__", annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is str:
        items = flat(metadata)
        names = [item.kind for item in items if isinstance(item, Text)]
        patterns = [item for item in items if getattr(item, "pattern", None)]
        name = names[0] if names else "pattern" if patterns else "text"
        yield path, name, Annotated[(str, *metadata)] if metadata else str
    elif origin is Annotated:
        yield from _texts(path, arguments[0], (*arguments[1:], *metadata))
    elif origin is dict:
        yield from _texts(f"{path}.KEY", arguments[0], ())
        yield from _texts(f"{path}.NAME", arguments[1], ())
    elif origin is Literal or annotation in (bool, int, float, NoneType):
        return
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from leaves(annotation, path)
    else:
        assert arguments, f"{path}: a type that this test cannot place: {annotation}"
        inner = metadata if origin is not list else ()
        for argument in arguments:
            yield from _texts(path, argument, inner)


LEAVES = list({(path, name): (path, name, type_) for path, name, type_ in leaves(playbook_model())}.values())
EXAMPLES = {text.kind: text.example for _, _, type_ in LEAVES for text in texts(type_)}


def accepts(adapter: TypeAdapter[Any], text: str) -> bool:
    try:
        adapter.validate_python(text)
    except ValidationError:
        return False
    return True


CLOSED = [leaf for leaf in LEAVES if leaf[1] not in FREE]


@pytest.mark.parametrize(("path", "name", "type_"), CLOSED, ids=[f"{path}-{name}" for path, name, _ in CLOSED])
def test_text_is_plain_or_quoted(path: str, name: str, type_: Any) -> None:
    example = "0" * 64 if name == "pattern" else EXAMPLES[name]
    adapter = TypeAdapter(type_)
    assert accepts(adapter, example)
    places = range(len(example) + 1)
    for character in map(chr, [*range(0x250), 0x2028, 0xFEFF, 0x1F600]):
        if character in PLAIN:
            continue
        for place in places:  # put in, and in place of one
            for rest in (place, place + 1):
                text = example[:place] + character + example[rest:]
                assert not accepts(adapter, text), f"{path}: {name} accepts {text!r}"
    assert not accepts(adapter, f"-{example}"), f"{path}: a program would take {name} for an option"
    assert not accepts(adapter, f"{example}\n")


def test_all_kinds_are_listed() -> None:
    names = {name for _, name, _ in LEAVES}
    assert names - FREE.keys() - {"pattern"} <= EXAMPLES.keys()
    assert FREE.keys() <= names
    assert len(LEAVES) > 50
    assert {path for path, name, _ in LEAVES if name == "text"} == {
        "description", "hosts", "linux.ignore_failed_units",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["a\nb", "a\0b", "$pool"])
def test_text_that_a_pool_file_cannot_express_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"which this file|name of the pool"):
        ini(text)


@pytest.mark.parametrize("name", sorted(FILTERS.keys() - {"php"}))
def test_line_break_is_refused_in_every_language(name: str) -> None:
    with pytest.raises(ValueError, match="cannot express"):
        FILTERS[name]("a\nb")


@pytest.mark.parametrize(("name", "text"), [("apache", "${A}"), ("apache", "%{A}"), ("nginx", "a$b"), ("unit", "a\\")])
def test_text_that_a_language_would_expand_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"'"):
        FILTERS[name](text)


@pytest.mark.parametrize(
    ("command", "why"),
    [("./a 'b", "quote"), ('./a "b', "quote"), ("./a %h", "percent"), ("./a ; ./b", "another"), ("./a \\q", "backslash"),
     ("./a \\", "backslash"), ("./a\x1bb", "not a valid command"), ("+./a", "not a valid command"), ("./a \\x00", "backslash")],
)  # fmt: skip
def test_command_that_systemd_would_not_accept_is_refused(command: str, why: str) -> None:
    for type_ in (type_ for _, name, type_ in LEAVES if name == "command"):
        with pytest.raises(ValidationError, match=why):
            TypeAdapter(type_).validate_python(command)
