"""Error messages about a playbook: one line for each place, with its file and line."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lampctl.documents import READ_BEFORE, Document, Path, short, shown
from lampctl.errors import guess
from lampctl.playbook.place import MisplacedError
from lampctl.playbook.text import WRONG_TEXT

# pydantic names Python's types; these are a playbook's.
_KINDS = {
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "list_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
}
_LENGTHS = {"too_short": "at least {min_length}", "too_long": "at most {max_length}"}


def messages(error: ValidationError, document: Document, top: type[BaseModel]) -> list[str]:
    """One line for each place that is wrong. A place that may be one of several kinds has an error for each."""
    problems: dict[Path, list[ErrorDetails]] = {}
    for problem in error.errors(include_url=False):
        problems.setdefault(_place(problem, top)[0], []).append(problem)
    inner = [path for path in problems if not any(path != other and other[: len(path)] == path for other in problems)]
    return [_message(path, problems[path], document, top) for path in inner]


def _message(path: Path, problems: list[ErrorDetails], document: Document, top: type[BaseModel]) -> str:
    name = " → ".join(short(str(part)) for part in path)
    where = document.position(path)
    within = f"{where.within}: " if where and where.within else ""
    return f"{where}: {within}{name + ': ' if name else ''}{_what(path, problems, top)}"


def _what(path: Path, problems: list[ErrorDetails], top: type[BaseModel]) -> str:
    # Of several kinds, the one whose own rule is broken is meant.
    first = next((one for one in problems if one["type"] in ("value_error", WRONG_TEXT)), problems[0])
    got = first["input"]
    if first["type"] == "extra_forbidden":
        model = _place(first, top)[1]
        allowed = [*(model.model_fields if model else ()), *(READ_BEFORE if model is top else [])]
        return _unknown_key(str(path[-1]), sorted(allowed))
    if first["type"] in ("missing", "union_tag_not_found"):
        return f"is missing{_purpose(str(path[-1]), _place(first, top)[1])}"
    if first["type"] == "union_tag_invalid":
        return f"should be {first['ctx']['expected_tags'].replace(', ', ' or ')}, not {shown(first['ctx']['tag'])}"
    if first["type"] == WRONG_TEXT:
        return f"{shown(got)} {first['msg']}"
    if first["type"] == "value_error":
        return str(first["msg"]).removeprefix("Value error, ")
    if long := next((one for one in problems if one["type"] in _LENGTHS), None):
        limit = _LENGTHS[long["type"]].format(**long["ctx"])
        return f"should list {limit}, not {long['ctx']['actual_length']}"
    kinds = dict.fromkeys(_kind(problem) for problem in problems)
    return f"should be {' or '.join(kinds)}, not {shown(got)}"


def _purpose(name: str, model: type[BaseModel] | None) -> str:
    field = model.model_fields.get(name) if model else None
    return f": {field.description.rstrip('.')}" if field and field.description else ""


def _kind(problem: ErrorDetails) -> str:
    return _KINDS.get(problem["type"], str(problem["msg"]).removeprefix("Input should be "))


def _unknown_key(key: str, allowed: Sequence[str]) -> str:
    meant = guess(key, allowed)
    return f"unknown key{f'; {meant}' if meant else '. '}Allowed here: {', '.join(allowed)}"


def _place(problem: ErrorDetails, top: type[BaseModel]) -> tuple[Path, type[BaseModel] | None]:
    """Where in the document a problem is, and the model that its last key belongs to.

    Pydantic's location has the labels of union members in between, which are no part of the document. A label
    may read like a key (the kind of site `php`, the key `php`), so the types say which is which.
    """
    path: list[str | int] = []
    model: type[BaseModel] | None = None
    kind: Any = top
    for part in problem["loc"]:
        kinds = _alternatives(kind)
        if len(kinds) > 1:
            kind = next((member for member in kinds if _labelled(member, str(part))), kinds[0])
        elif part != "[key]":  # a key that is wrong itself has its own place
            path.append(part)
            model = kinds[0] if _is_model(kinds[0]) else model
            kind = _below(kinds[0], part)
    if problem["type"].startswith("union_tag_"):
        path += _telling_key(_alternatives(kind))
    raised = problem.get("ctx", {}).get("error")
    return (*path, *(raised.path if isinstance(raised, MisplacedError) else ())), model


def _telling_key(members: list[Any]) -> list[str]:
    """The key that selects a member of a union: all members have it, with different values."""
    models = [member for member in map(_bare, members) if _is_model(member)]
    names = models[0].model_fields if models else {}
    return [name for name in names if all(_literals(model, name) for model in models)][:1]


def _literals(model: type[BaseModel], name: str) -> tuple[Any, ...]:
    field = model.model_fields.get(name)
    return get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _alternatives(kind: Any) -> list[Any]:
    """The members of a union, else the type itself; `None` has no label of its own."""
    kind = getattr(kind, "__value__", kind)
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) not in (Union, UnionType):
        return [kind]
    members = [member for member in get_args(kind) if member is not NoneType]
    return members if len(members) > 1 else _alternatives(members[0])


def _labelled(member: Any, label: str) -> bool:
    """Whether pydantic names this member by the label, which is its tag or its type."""
    member = _bare(member)
    if get_origin(member) is list or label.startswith("list["):  # the label names what it is a list of as well
        return get_origin(member) is list and label.startswith("list[")
    if not _is_model(member):
        return any(_labelled(inner, label) for inner in get_args(member))
    tags = [tag for name in member.model_fields for tag in _literals(member, name)]
    return label in tags or member.__name__ in label


def _below(kind: Any, part: str | int) -> Any:
    if _is_model(kind):
        field = kind.model_fields.get(str(part))
        return field.annotation if field else Any
    arguments = get_args(kind)
    return arguments[-1] if arguments else Any


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
