"""Playbooks as the schema allows them, made by hypothesis from the models themselves: whatever type is registered."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lampctl.engine.library import Files
from lampctl.layers.model import playbook_model
from lampctl.layers.sites import site_types
from lampctl.playbook.text import Text
from lampctl.resources import Source

Data = st.SearchStrategy[Any]

_LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)

SERVERS = ({"server": "apache"}, {"server": "nginx"}, {"server": "apache", "front": "nginx"})

# What the validators of playbook/fields.py accept, by the kind that they name themselves; extremes included.
KINDS: dict[str, Data] = {
    "hostname": st.lists(_LABEL, min_size=1, max_size=4).map(".".join),
    "site name": st.lists(_LABEL, min_size=1, max_size=4).map(".".join),
    "ini value": st.one_of(_TEXT.map(lambda t: t.replace('"', "").replace("\\", "")), st.integers(), st.booleans()),
    "upstream": st.builds(
        "{}://{}:{}".format, st.sampled_from(["http", "https"]), _LABEL | st.just("127.0.0.1"), st.integers(1, 65535)
    ),
    "database name": st.from_regex(r"[A-Za-z0-9_]{1,64}", fullmatch=True),
    "user name": st.from_regex(r"[A-Za-z0-9_]{1,32}", fullmatch=True),
    "absolute path": st.from_regex(r"(/[A-Za-z0-9@+_-][A-Za-z0-9.@+_-]{0,30}){1,4}", fullmatch=True),
    "url path": st.from_regex(r"/([A-Za-z0-9_-][A-Za-z0-9._-]{0,9}/){1,3}", fullmatch=True),
    "package": st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,20}", fullmatch=True),
    "extension": st.sampled_from(["mysql", "gd", "intl", "xml"]),
    "size": st.builds("{}{}".format, st.sampled_from([1, 8, 64, 100, 1023]), st.sampled_from("KMG")),
    "variable name": st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True),
    "one line of text": _TEXT,
    "directive": st.sampled_from(["date.timezone", "memory_limit", "max_execution_time", "opcache.jit"]),
}


def value(annotation: Any) -> Data:
    """Values that a field of this type accepts."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    plain = {bool: st.booleans(), int: st.integers(0, 100), str: _TEXT, float: st.floats(0, 100), NoneType: st.none()}
    if annotation in plain:
        return plain[annotation]
    if origin is Annotated:
        return _narrowed(arguments[0], arguments[1:])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of([value(argument) for argument in arguments])
    if origin is dict:
        return st.dictionaries(value(arguments[0]), value(arguments[1]), max_size=3)
    if origin is list:
        return st.lists(value(arguments[0]), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return mapping(annotation)
    raise NotImplementedError(annotation)


def _narrowed(base: Any, metadata: Any) -> Data:
    """A kind of text, or bounds of a number; what else there is, is for the models to refuse."""
    flat = [inner for item in metadata for inner in (item.metadata if isinstance(item, FieldInfo) else [item])]
    for item in flat:
        if isinstance(item, Text) and item.kind in KINDS:
            return KINDS[item.kind]
        if getattr(item, "pattern", None):
            return st.from_regex(item.pattern, fullmatch=True)
    if base is not int:
        return value(base)
    least = next((item.ge for item in flat if hasattr(item, "ge")), 0)
    most = next((item.le for item in flat if hasattr(item, "le")), 1 << 30)
    return st.sampled_from([least, most]) | st.integers(least, min(most, least + 5000))


def mapping(model: type[BaseModel], skip: tuple[str, ...] = (), **fixed: Data) -> Data:
    """A mapping of a model's fields: all that are required, and any of the others."""
    fields = {
        name: _narrowed(field.annotation, field.metadata)
        for name, field in model.model_fields.items()
        if name not in skip and name not in fixed
    }
    needed = {
        name: fields.pop(name) for name, field in model.model_fields.items() if name in fields and field.is_required()
    }
    return st.fixed_dictionaries({**needed, **fixed}, optional=fields)


def site(name: str) -> Data:
    """A site of a type that is registered; its aliases are not another's."""
    aliases = st.lists(_LABEL.map(lambda label: f"{label}.of.{name}"[:250]), unique=True, max_size=3)
    one = [
        mapping(found.options, ("default",), type=st.just(kind), aliases=aliases)
        for kind, found in site_types().items()
    ]
    return st.one_of(one)


@st.composite
def playbooks(draw: Callable[[Data], Any]) -> dict[str, Any]:
    """The data of a playbook; almost always a valid one."""
    names = draw(st.lists(KINDS["hostname"].map(lambda n: n[:200].rstrip(".-")), min_size=1, max_size=4, unique=True))
    sites = {name: draw(site(name)) for name in names}
    if draw(st.booleans()):
        sites[names[0]]["default"] = True
    for number, data in enumerate(sites.values()):
        if "port" in data:
            data["port"] = 20_000 + 100 * number
        if data.get("source") is not None:
            data.pop("root", None)
        if None in (data.get("tarball"), data.get("sha256")):
            data.pop("tarball", None)
            data.pop("sha256", None)
        tls = data.get("tls")
        if isinstance(tls, dict):
            files = {"certificate": "/etc/ssl/lampctl-test.pem", "key": "/etc/ssl/lampctl-test.key"}
            given = {key: val for key, val in tls.items() if key not in files}
            data["tls"] = {**given, **(files if tls["mode"] == "files" else {})}
    options = {
        name: draw(value(playbook_model().model_fields[name].annotation)) or {} for name in ("web", "php", "mysql")
    }
    if options["php"].get("opcache_memory", "1G")[-1] == "K":
        options["php"].pop("opcache_memory")
    options["web"].pop("front", None)
    options["web"] |= draw(st.sampled_from(SERVERS))
    return {"sites": sites, **options}


class Generated(Files):
    """A project of one generated playbook, whose folders hold one file each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def playbook(self, name: str, near: str) -> tuple[str, str]:  # noqa: ARG002
        return "generated.yml", self._text

    def source(self, name: str, near: str, checksum: str, war: bool = False) -> Source:  # noqa: ARG002
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for folder in ("", "cgi-bin/"):
                member = tarfile.TarInfo(f"{folder}program")
                member.mode = 0o755
                tar.addfile(member)
        return Source("0" * 16, buffer.getvalue())
