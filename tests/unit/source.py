"""The project's own source code, parsed for the tests of its house rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file. `path` starts at the repository's root, `module` is its dotted name."""

    path: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def functions(self) -> Iterator[tuple[str, Function]]:
        """(PATH::CLASS.NAME, the function), methods and nested functions included."""
        yield from _functions(self.tree, f"{self.path}::")

    def imports(self) -> Iterator[tuple[str, str]]:
        """(module, name) of each import, lazy ones included; the name is empty for `import MODULE`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                yield from ((node.module or "", alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield prefix + child.name, child
        named = isinstance(child, Function | ast.ClassDef)
        yield from _functions(child, f"{prefix}{child.name}." if named else prefix)  # type: ignore[attr-defined]


@cache
def sources(folder: str) -> tuple[Source, ...]:
    """Every Python file below a folder of the repository."""
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, folder
    return tuple(read(str(path.relative_to(ROOT)), path.read_text()) for path in found)


def read(path: str, text: str) -> Source:
    return Source(path, text, ast.parse(text, path))
