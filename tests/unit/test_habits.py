"""House rules that can be read from the code: sizes, what a test may use, and that a test can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.unit import habits
from tests.unit.source import Source, read, sources

TESTS = sources("tests")
OURS = [*sources("lampctl"), *TESTS, *sources("docs")]

RULES: dict[str, tuple[Callable[[Source], Iterable[str]], Iterable[Source]]] = {
    "functions have fewer than 30 lines": (habits.long_functions, OURS),
    "files have fewer than 250 lines": (habits.long_files, OURS),
    "no import of a test module": (habits.imported_tests, TESTS),
    "no private name of another module": (habits.private_names, TESTS),
    "an assert can fail": (habits.empty_asserts, TESTS),
    "an exit code is one number": (habits.vague_codes, TESTS),
    "an expected error is of one class": (habits.vague_raises, TESTS),
    "no error is swallowed": (habits.swallowed_errors, TESTS),
    "no test returns early": (habits.early_returns, TESTS),
    "a test asserts something": (habits.tests_without_assert, TESTS),
    "a test asserts something outside of loops that may be empty": (habits.asserts_in_loops_only, TESTS),
}


@pytest.mark.parametrize("rule", RULES)
def test_rule_holds(rule: str) -> None:
    look, files = RULES[rule]
    assert sorted({place for file in files for place in look(file)}) == []


BROKEN = {
    "functions have fewer than 30 lines": "def f():\n" + "    x = 1\n" * 29,
    "files have fewer than 250 lines": "x = 1\n" * 250,
    "no import of a test module": "from tests.unit.test_plan import x",
    "no private name of another module": "from lampctl.ssh import connect\nx = connect._client",
    "an assert can fail": "def test_x():\n    assert x() or True",
    "an exit code is one number": "def test_x():\n    assert ran.code in (0, 1)",
    "an expected error is of one class": "def test_x():\n    with pytest.raises(Exception): x()",
    "no error is swallowed": "def test_x():\n    try: x()\n    except ValueError: pass",
    "no test returns early": "def test_x():\n    if x: return\n    assert y",
    "a test asserts something": "def help():\n    x()\ndef test_x():\n    help()",
    "a test asserts something outside of loops that may be empty": "def test_x():\n    for y in x(): assert y",
}
KEPT = {
    "functions have fewer than 30 lines": "@d(\n    1,\n)\ndef f():\n" + "    x = 1\n" * 28,
    "files have fewer than 250 lines": "x = 1\n" * 249,
    "no import of a test module": "from tests.unit.plans import x",
    "no private name of another module": "import os\nos._exit(1)\nself._x = 1",
    "an assert can fail": "def test_x():\n    assert x() or y",
    "an exit code is one number": "def test_x():\n    assert ran.code == 0",
    "an expected error is of one class": "def test_x():\n    with pytest.raises(ValueError): x()",
    "no error is swallowed": "def test_x():\n    try: x()\n    except ValueError: y()",
    "no test returns early": "def test_x():\n    def y(): return 1\n    assert y()",
    "a test asserts something": "def help():\n    assert x\ndef test_x():\n    help()",
    "a test asserts something outside of loops that may be empty": "def test_x():\n    for y in (1, 2): assert y",
}


@pytest.mark.parametrize("rule", RULES)
def test_rule_finds_what_breaks_it_and_nothing_else(rule: str) -> None:
    look, _ = RULES[rule]
    assert len(list(look(read("tests/unit/test_x.py", BROKEN[rule])))) == 1
    assert list(look(read("tests/unit/test_x.py", KEPT[rule]))) == []
