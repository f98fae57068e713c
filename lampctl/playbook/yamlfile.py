"""YAML with positions: every value knows the file and line that it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from lampctl.errors import PlaybookError

Path = tuple[str | int, ...]  # keys and indexes from the top of the document


@dataclass(frozen=True)
class Position:
    file: str
    line: int = 0  # from 1; 0: not in a file

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Document:
    """Plain data, and the position of each key in it."""

    data: dict[str, Any]
    positions: dict[Path, Position] = field(default_factory=dict)

    def position(self, path: Iterable[str | int]) -> Position | None:
        """Of `path`, else of the nearest that encloses it."""
        keys = tuple(path)
        while keys and keys not in self.positions:
            keys = keys[:-1]
        return self.positions.get(keys)


def parse(text: str, file: str) -> Document:
    """The document in `text`; PlaybookError where it is no YAML, no mapping, or says a key twice."""
    try:
        node = yaml.compose(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise PlaybookError(
            f"{Position(file, line)}: is no valid YAML: {error.problem or error}",
            "check the indentation, the colons and the quotes on that line",
        ) from None
    except yaml.YAMLError as error:
        raise PlaybookError(f"{file}: is no valid YAML: {error}", "save it as UTF-8 text") from None
    if node is None:
        return Document({}, {(): Position(file, 1)})
    if not isinstance(node, yaml.MappingNode):
        raise PlaybookError(
            f"{_at(node, file)}: a playbook is a mapping of keys to values", "for example: extends: lamp"
        )
    document = Document({}, {(): _at(node, file)})
    document.data.update(_value(node, (), file, document.positions, ()))
    return document


def scalar(text: str) -> Any:
    """The value of `--set KEY=VALUE`, read as YAML."""
    return yaml.load(text, yaml.CSafeLoader)


def _at(node: yaml.Node, file: str) -> Position:
    return Position(file, node.start_mark.line + 1)


def _value(node: yaml.Node, path: Path, file: str, seen: dict[Path, Position], inside: tuple[int, ...]) -> Any:
    if id(node) in inside:
        raise PlaybookError(f"{_at(node, file)}: an alias refers to what encloses it", "write the value out")
    inside = (*inside, id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            seen[(*path, index)] = _at(item, file)
        return [_value(item, (*path, i), file, seen, inside) for i, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(node, file)
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(_scalar(key_node, file)) if isinstance(key_node, yaml.ScalarNode) else ""
        if not key:
            raise PlaybookError(f"{_at(key_node, file)}: a key has to be a plain word", "quote it if it is text")
        if key in result:
            raise PlaybookError(f"{_at(key_node, file)}: the key {key} is there twice", "keep one of them")
        seen[(*path, key)] = _at(key_node, file)
        result[key] = _value(value_node, (*path, key), file, seen, inside)
    return result


def _scalar(node: yaml.Node, file: str) -> Any:
    if node.tag == "tag:yaml.org,2002:null":
        return None
    loader = yaml.CSafeLoader("")
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        raise PlaybookError(f"{_at(node, file)}: can't read this value: {error}", "quote it if it is text") from None
    finally:
        loader.dispose()
