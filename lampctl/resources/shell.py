"""The one place where text becomes shell words, and where scripts for hosts come from."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_HOST = Path(__file__).parents[1] / "host"
_NAMES = re.compile(r"(?:\$\{?#?|export )([A-Z][A-Z_]*)\b(?!=)")
# What the batch itself sets for the scripts that it runs: a script may use them without being given them.
_INHERITED = frozenset({"GENERATION", "KEPT", "PLAYBOOK", "TOKEN"})
# The shell, or the programs that it runs, take these for something else.
_TAKEN = frozenset({"HOME", "IFS", "LC_ALL", "PATH", "PWD"})


def quote(word: str) -> str:
    """One shell word, whatever it contains."""
    return shlex.quote(word)


def words(items: Iterable[str]) -> str:
    """Several shell words, each quoted."""
    return " ".join(quote(item) for item in items)


def script(*names: str, **parameters: str | float | Iterable[str]) -> str:
    """The text of files of lampctl/host, after their parameters as variables.

    Args:
        names: The files, without `.sh`: what a later one calls, an earlier one defines.
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


def _value(value: str | float | Iterable[str]) -> str:
    return str(value) if isinstance(value, str | int | float) else words(value)


@cache
def _text(name: str) -> str:
    return (_HOST / f"{name}.sh").read_text()


@cache
def _variables(name: str) -> frozenset[str]:
    return frozenset(_NAMES.findall(_text(name))) - _TAKEN


def disown(key: str) -> str:
    """Shell that strikes a resource's key from what is lampctl's; runs in a batch's directory."""
    return f"printf '%s\\n' {quote(key)} > gone\nsh ./disown.sh gone\n"
