"""An example of each option, which validates: made from its type, so that none can be forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from lampctl.playbook.kinds import kind, literal

# One value of each kind of text (playbook/fields.py).
_TEXTS = {
    "hostname": "www.example.com",
    "site name": "www.example.com",
    "host": "db1",
    "address": "10.0.0.7",
    "upstream": "http://10.0.0.7:8080",
    "archive key": "/usr/share/keyrings/example.gpg",
    "ini value": "1",
    "database name": "shop",
    "user name": "shop",
    "absolute path": "/var/www/shop",
    "url path": "/cgi-bin/",
    "package": "git",
    "extension": "gd",
    "size": "256M",
    "variable name": "MODE",
    "one line of text": "app",
    "command": "./serve",
    "request path": "/health",
    "PHP version": "8.4",
    "name": "example",
    "url of an archive": "https://packages.example.com/debian",
    "suite": "bookworm",
    "component": "main",
    "https url": "https://ca.example.com/directory",
    "e-mail address": "admin@example.com",
    "directive": "display_errors",
}


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
    """A value other than the default, where there is one."""
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
        needed = {n: f for n, f in annotation.model_fields.items() if f.is_required()}
        some = needed or dict(list(annotation.model_fields.items())[:1])
        return {name: _value(f.annotation, f.metadata, f) for name, f in some.items()}
    return _scalar(annotation, metadata, default)


def _scalar(annotation: Any, metadata: Any, default: Any) -> Any:
    if annotation is bool:
        return not default
    if annotation in (int, float):
        low = next((item.ge for item in _flat(metadata) if getattr(item, "ge", None) is not None), 1)
        return default if default not in (None, 0) else max(low, 8000 if low == 1024 else 10)
    text = next((_TEXTS[kind(item)] for item in _flat(metadata) if isinstance(item, AfterValidator)), None)
    pattern = any(getattr(item, "pattern", None) for item in _flat(metadata))
    return text or ("0" * 64 if pattern else default or "web1.example.com")


def _flat(metadata: Any) -> list[Any]:
    """Bounds and validators, also those that a Field holds."""
    return [inner for item in metadata or () for inner in (item.metadata if isinstance(item, FieldInfo) else [item])]
