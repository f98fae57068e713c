"""Quoting of shell words, and the scripts for hosts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_HOST = Path(__file__).parents[1] / "host"
_NAMES = re.compile(r"(?:\$\{?#?|export )([A-Z][A-Z_]*)\b(?!=)")
# The batch sets these for its scripts: they are not parameters.
_INHERITED = frozenset({"GENERATION", "JOURNAL", "KEPT", "PLAYBOOK", "RUN", "TOKEN"})
# These have a meaning for the shell or the programs that it runs.
_TAKEN = frozenset({"CREDENTIALS_DIRECTORY", "HOME", "IFS", "LC_ALL", "PATH", "PWD"})


def quote(word: str) -> str:
    """One shell word, whatever it contains."""
    return shlex.quote(word)


def words(items: Iterable[str]) -> str:
    """Several shell words, each quoted."""
    return " ".join(quote(item) for item in items)


def script(*names: str, **parameters: str | float | Iterable[str]) -> str:
    """The text of files in lampctl/host, preceded by their parameters as variables.

    Args:
        names: The files, without `.sh`; each can call functions of those before it.
        parameters: `unit="x"` is `UNIT=x` on the host, a number likewise. A list is one variable of quoted words, which
            `eval "set -- $NAME"` splits.

    Raises:
        ValueError: A file uses a variable that is not given, or no file uses one that is.
    """
    given = {name.upper(): _value(value) for name, value in parameters.items()}
    used = frozenset().union(*map(_variables, names))
    if wrong := sorted((used - given.keys() - _INHERITED) | (given.keys() - used) | (given.keys() & _TAKEN)):
        raise ValueError(f"{' '.join(names)}: parameters do not match: {' '.join(wrong)}")
    return "".join((*(f"{name}={quote(value)}\n" for name, value in given.items()), *map(_text, names)))


@cache
def program(name: str) -> str:
    """The text of a file of lampctl/host, such as a Perl program."""
    return (_HOST / name).read_text()


def _value(value: str | float | Iterable[str]) -> str:
    return str(value) if isinstance(value, str | int | float) else words(value)


def _text(name: str) -> str:
    return program(f"{name}.sh")


@cache
def _variables(name: str) -> frozenset[str]:
    return frozenset(_NAMES.findall(_text(name))) - _TAKEN


def labelled(name: str, script: str) -> str:
    """Shell that runs `script`, and prints `name` and a tab before each line, as `answers.sections` reads them."""
    return f"{{ {script}\n}} | awk -v name={quote(name)} '{{ print name \"\\t\" $0 }}'"


def disown(key: str) -> str:
    """Shell that removes a resource's key from lampctl's record; it runs in a batch's directory."""
    return f"printf '%s\\n' {quote(key)} > gone\nsh ./disown.sh gone\n"
