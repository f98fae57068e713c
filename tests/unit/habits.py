"""The house rules as code: each function yields the places in a file that break one, as PATH::FUNCTION or PATH: NAME."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.unit.source import Function, Source

MOST_LINES, MOST_FUNCTION_LINES = 249, 29
_RAISING = ("raises", "fail", "check_returncode", "validate", "validate_python")
_SAFE_CALLS = ("enumerate", "zip", "range", "sorted", "reversed", "items", "values", "keys")


def long_functions(file: Source) -> Iterator[str]:
    """Lines are counted from `def` to the end, with signature and docstring, without decorators."""
    for name, function in file.functions():
        if (function.end_lineno or 0) - function.lineno + 1 > MOST_FUNCTION_LINES:
            yield name


def long_files(file: Source) -> Iterator[str]:
    if file.lines > MOST_LINES:
        yield file.path


def imported_tests(file: Source) -> Iterator[str]:
    """Code that two test modules share belongs in a module of its own, or in a fixture."""
    for module, name in file.imports():
        if any(part.startswith("test_") for part in (*module.split("."), name) if module.startswith("tests")):
            yield f"{file.path}: {module}.{name}"


def private_names(file: Source) -> Iterator[str]:
    """`_x` that is imported, patched, or an attribute of anything but the object itself or a third-party module."""
    foreign = {
        (name or module).partition(".")[0]
        for module, name in file.imports()
        if not module.startswith(("lampctl", "tests"))
    }
    for module, name in file.imports():
        if _private(name) and module.startswith(("lampctl", "tests")):
            yield f"{file.path}: {name}"
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Attribute) and _private(node.attr):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if owner not in {"self", "cls", *foreign}:
                yield f"{file.path}: {node.attr}"
    for call in _calls(file.tree, "setattr"):
        for patched in call.args[1:2]:
            if isinstance(patched, ast.Constant) and _private(str(patched.value)):
                yield f"{file.path}: {patched.value!s}"


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def empty_asserts(file: Source) -> Iterator[str]:
    """`assert` of a constant, of a tuple, or of `... or CONSTANT`."""
    for name, function in file.functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Assert) and _always(node.test):
                yield name


def _always(test: ast.expr) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(map(_always, test.values))
    return (isinstance(test, ast.Constant) and bool(test.value)) or (isinstance(test, ast.Tuple) and bool(test.elts))


def vague_codes(file: Source) -> Iterator[str]:
    """`code in (0, 1)`: true of every run that was not interrupted."""
    for name, function in file.functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn | ast.LtE):
                left = getattr(node.left, "attr", getattr(node.left, "id", ""))
                if left in ("code", "codes", "returncode", "exit_code"):
                    yield name


def vague_raises(file: Source) -> Iterator[str]:
    for name, function in file.functions():
        for call in _calls(function, "raises"):
            if any(isinstance(given, ast.Name) and given.id in ("Exception", "BaseException") for given in call.args):
                yield name


def swallowed_errors(file: Source) -> Iterator[str]:
    """Only in tests: helpers that clean up may need it."""
    for name, function in tests(file):
        for node in ast.walk(function):
            if isinstance(node, ast.ExceptHandler) and all(isinstance(s, ast.Pass | ast.Continue) for s in node.body):
                yield name


def early_returns(file: Source) -> Iterator[str]:
    """A test that returns early passes without its remaining asserts."""
    for name, function in tests(file):
        if any(isinstance(node, ast.Return) for node in _own_nodes(function)):
            yield name


def tests_without_assert(file: Source) -> Iterator[str]:
    """Neither in the test nor in a function of its module that it calls. A property test may only check that nothing raises."""
    helpers = {name.rpartition("::")[2]: function for name, function in file.functions()}
    for name, function in tests(file):
        if not _asserts(function, helpers, set()) and not _is_property(function):
            yield name


def _asserts(function: Function, helpers: dict[str, Function], seen: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        called = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        if called in _RAISING or called in helpers.keys() - seen:
            seen.add(called)
            if called not in helpers or _asserts(helpers[called], helpers, seen):
                return True
    return False


def asserts_in_loops_only(file: Source) -> Iterator[str]:
    for name, function in tests(file):
        nodes = list(ast.walk(function))
        looped = {
            id(inner)
            for node in nodes
            if isinstance(node, ast.For) and not _never_empty(node.iter)
            for inner in ast.walk(node)
        }
        asserts = [node for node in nodes if isinstance(node, ast.Assert)]
        elsewhere = [node for node in asserts if id(node) not in looped] + list(_calls(function, "raises"))
        if asserts and not elsewhere and not _is_property(function):
            yield name


def _is_property(function: Function) -> bool:
    return any("given" in ast.unparse(decorator) for decorator in function.decorator_list)


def _never_empty(iterated: ast.expr) -> bool:
    """A non-empty literal, a constant of the module, or one of these in a function that keeps its items."""
    if isinstance(iterated, ast.Call):
        function = iterated.func
        name = getattr(function, "attr", getattr(function, "id", ""))
        inner = [function.value] if isinstance(function, ast.Attribute) else iterated.args
        return name in _SAFE_CALLS and all(map(_never_empty, inner))
    if isinstance(iterated, ast.Name):
        return iterated.id.isupper()
    literals = (ast.Constant, ast.Tuple, ast.List, ast.Set)
    return isinstance(iterated, literals) or (isinstance(iterated, ast.Dict) and bool(iterated.keys))


def tests(file: Source) -> Iterator[tuple[str, Function]]:
    return ((name, function) for name, function in file.functions() if function.name.startswith("test_"))


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function, without those of nested functions."""
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda):
            todo += ast.iter_child_nodes(node)


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == name:
            yield node
