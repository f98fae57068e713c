"""An example of each option, which validates: its own (`Field(examples=…)`), else one made from its type."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lampctl.playbook.kinds import flat, literal
from lampctl.playbook.text import Text


@dataclass(frozen=True)
class Example:
    """As a playbook has it, and as `--set` does."""

    yaml: str
    setting: str
    value: Any


def example(path: str, field: FieldInfo) -> Example:
    """An example of the option at the dotted `path`, in which NAME stands for a name of the user's own."""
    value = _value(field.annotation, field.metadata, field)
    keys = ["www.example.com" if key == "NAME" and path.startswith("sites.") else key for key in path.split(".")]
    nested: Any = value
    for key in reversed(keys):
        nested = [nested] if key == "N" else {key: nested}
    text = yaml.safe_dump(nested, sort_keys=False, default_flow_style=None, allow_unicode=True)
    return Example(text.strip(), f"{'.'.join(keys)}={literal(value)}", value)


def _value(annotation: Any, metadata: Any, field: FieldInfo | None = None) -> Any:
    """A value other than the default: the field's own example, or one made from its type."""
    if field is not None and field.examples:
        return field.examples[0]
    annotation = getattr(annotation, "__value__", annotation)
    default = None if field is None or field.is_required() else field.get_default(call_default_factory=True)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(arguments[0], [*arguments[1:], *(metadata or ())], field)
    if origin in (Union, UnionType):
        return _value(next(a for a in arguments if a is not NoneType), metadata, field)
    if origin is Literal:
        return next((value for value in arguments if value != default), arguments[0])
    if origin is list:
        return [_value(arguments[0], ())]
    if origin is dict:
        return {_value(arguments[0], ()): _value(arguments[1], ())}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return mapping(annotation)
    return _scalar(annotation, metadata, default)


def mapping(model: type[BaseModel]) -> dict[str, Any]:
    """An example of a mapping: the fields that are required, else the first one."""
    needed = {name: field for name, field in model.model_fields.items() if field.is_required()}
    some = needed or dict(list(model.model_fields.items())[:1])
    return {name: _value(field.annotation, field.metadata, field) for name, field in some.items()}


def _scalar(annotation: Any, metadata: Any, default: Any) -> Any:
    own = next((item.examples[0] for item in metadata or () if isinstance(item, FieldInfo) and item.examples), None)
    if own is not None:
        return own
    if annotation is bool:
        return not default
    if annotation in (int, float):
        low = next((item.ge for item in flat(metadata) if getattr(item, "ge", None) is not None), 1)
        return default if default not in (None, 0) else max(low, 10)
    text = next((item.example for item in flat(metadata) if isinstance(item, Text)), None)
    return text or default or "text"
