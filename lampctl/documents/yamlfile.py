"""YAML with positions: every value has the file and line that it comes from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from lampctl.errors import PlaybookError

Path = tuple[str | int, ...]  # keys and indexes from the top of the document

# A playbook written by hand is far below these. Beyond them libyaml's composer overflows the stack, and
# aliases of aliases of aliases fill the memory.
MOST_LEVELS = 50
MOST_VALUES = 20_000
LONGEST = 60  # characters that are shown of a key or a value

_TAG = "tag:yaml.org,2002:"
_OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


@dataclass(frozen=True)
class Position:
    file: str
    line: int = 0  # from 1; 0: not in a file
    within: str = ""  # the part of the file, such as an environment

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Document:
    """Plain data, and the position of each key in it."""

    data: dict[str, Any]
    positions: dict[Path, Position] = field(default_factory=dict)

    def position(self, path: Iterable[str | int]) -> Position | None:
        """The position of `path`, or else of its nearest parent."""
        keys = tuple(path)
        while keys and keys not in self.positions:
            keys = keys[:-1]
        return self.positions.get(keys)


def parse(text: str, file: str) -> Document:
    """The document in `text`. Raises PlaybookError if it is invalid YAML, empty, not a mapping, or repeats a key."""
    top = Position(file, 1)
    node = _compose(text, top)
    example = "for example: extends: lamp"
    if node is None:
        raise PlaybookError(f"{top}: the playbook is empty", example)
    if not isinstance(node, yaml.MappingNode):
        raise PlaybookError(f"{_at(node.start_mark, top)}: a playbook is a mapping of keys to values", example)
    document = Document({}, {(): _at(node.start_mark, top)})
    document.data.update(_Reader(top, document.positions).value(node, ()))
    return document


def value(text: str, origin: str) -> Any:
    """The value of `--set KEY=VALUE`, read as YAML; `origin` is named in errors in place of a file."""
    top = Position(origin)
    node = _compose(text, top)
    return None if node is None else _Reader(top, {}).value(node, ())


def shown(value: object) -> str:
    """A value as a playbook would have it, on one line, shortened to LONGEST."""
    if isinstance(value, str):
        text = repr(value)
    else:
        text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True).removesuffix("...\n")
    return short(text.strip())


def short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _compose(text: str, top: Position) -> yaml.Node | None:
    try:
        _measure(text, top)
        found: yaml.Node | None = yaml.compose(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        tabs = mark and "\t" in "".join(text.splitlines()[mark.line : mark.line + 1])
        hint = "indent with spaces, not with tabs" if tabs else "check the indentation, the colons and the quotes there"
        raise PlaybookError(f"{_at(mark, top)}: is not valid YAML: {_said(error)}", hint) from None
    except yaml.reader.ReaderError as error:
        where = replace(top, line=top.line and text.encode()[: error.position].count(b"\n") + 1)
        raise PlaybookError(
            f"{where}: is not valid YAML: it has the control character #x{error.character:04x}",
            "delete it, and save the file as UTF-8 text",
        ) from None
    return found


def _measure(text: str, top: Position) -> None:
    """Events come one by one, however deep they are; to compose them into nodes takes stack."""
    level = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        level += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
        if level > MOST_LEVELS:
            where = _at(event.start_mark, top)
            raise PlaybookError(f"{where}: is nested more than {MOST_LEVELS} levels deep", "close the brackets")


def _said(error: yaml.MarkedYAMLError) -> str:
    return str(error.problem or error.context or error).removeprefix("but ")


def _at(mark: Any, top: Position) -> Position:
    """The position of a mark; without a line if the text does not come from a file (`top` has no line)."""
    return replace(top, line=mark.line + 1) if mark and top.line else top


@dataclass(frozen=True)
class _Reader:
    """Nodes to plain data; notes where each key and item is."""

    top: Position
    seen: dict[Path, Position]

    def value(self, node: yaml.Node, path: Path, inside: tuple[int, ...] = ()) -> Any:
        if id(node) in inside:
            raise self._error(node, "an alias refers to a value that contains it", "write the value out")
        if len(self.seen) > MOST_VALUES:
            raise self._error(node, f"has more than {MOST_VALUES} values, aliases counted", "leave some of them out")
        inside = (*inside, id(node))
        if isinstance(node, yaml.MappingNode):
            self._plain(node, "map")
            return self._mapping(node, path, inside)
        if isinstance(node, yaml.SequenceNode):
            self._plain(node, "seq")
            return [self._item(item, (*path, index), inside) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path, inside: tuple[int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in result:
                raise self._error(key_node, f"the key {key} occurs twice", "keep one of them")
            self.seen[(*path, key)] = _at(key_node.start_mark, self.top)
            result[key] = self.value(value_node, (*path, key), inside)
        return result

    def _item(self, node: yaml.Node, path: Path, inside: tuple[int, ...]) -> Any:
        self.seen[path] = _at(node.start_mark, self.top)
        return self.value(node, path, inside)

    def _key(self, node: yaml.Node) -> str:
        """The text as written: `on` stays `on`, and 1.10 does not become 1.1."""
        if node.tag == f"{_TAG}merge":
            raise self._error(node, "merge keys (<<) can't be used here", "write the keys out, or use `extends`")
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            raise self._error(node, "a key must be a plain word", "quote it if it is text")
        return str(node.value)

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag == f"{_TAG}null":
            return None
        loader = yaml.CSafeLoader("")
        try:
            found = loader.construct_object(node)
            if isinstance(found, float) and not math.isfinite(found):
                raise ValueError(f"{node.value} is not a finite number")
            return found
        except yaml.MarkedYAMLError as error:
            raise self._error(node, f"can't read this value: {_said(error)}", "quote it if it is text") from None
        except ValueError as error:
            raise self._error(node, f"can't read this value: {error}", "quote it if it is text") from None
        finally:
            loader.dispose()

    def _plain(self, node: yaml.Node, kind: str) -> None:
        if node.tag != _TAG + kind:
            raise self._error(node, f"the tag {node.tag} means nothing here", "leave it out")

    def _error(self, node: yaml.Node, message: str, hint: str) -> PlaybookError:
        return PlaybookError(f"{_at(node.start_mark, self.top)}: {message}", hint)
