"""Completion: the shell sends its line up to the cursor in _LAMPCTL_COMPLETE, and gets `word<TAB>what` lines.

Typer's own scripts run the program twice (fish), import Rich for the descriptions, and leave a blank behind `key=`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from lampctl.cli.options import Common, grouped


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@grouped
def completion(
    common: Common,  # noqa: ARG001
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="The shell to print the script for.")],
) -> None:
    """Print the script that makes a shell complete hosts, playbooks, options and sites."""
    print((Path(__file__).with_name("shells") / f"lampctl.{shell.value}").read_text(), end="")


def answer(root: Any, line: str, meant: Callable[[Any, Sequence[str]], tuple[Any, list[str]]]) -> None:
    """Print the candidates for the last word of `line`. Prints nothing on any error."""
    try:
        *before, incomplete = _split(line)
        command, names = meant(root, before[1:])
        found: dict[str, str] = {}
        for word, what in _candidates(command, before[1 + len(names) :], incomplete):
            found.setdefault(word, what)
    except Exception:  # a traceback does not belong in the prompt
        return
    for word, what in found.items():
        print(f"{word}\t{' '.join(what.split())}")


def _split(line: str) -> list[str]:
    """Split the line into words; the last is being typed, and may be empty or have an open quote."""
    for closing in ("", '"', "'"):
        try:
            words = shlex.split(line + closing)
        except ValueError:
            continue
        return [*words, ""] if line[-1:].isspace() and not closing else words
    return line.split(" ")


def _candidates(command: Any, before: list[str], incomplete: str) -> Iterator[tuple[str, str]]:
    """(word, what) of all that begin with `incomplete`."""
    context = command.context_class(command, info_name="lampctl", resilient_parsing=True)
    # Unconverted: conversion imports pydantic, which takes a tenth of a second.
    context.params, _, _ = command.make_parser(context).parse_args(args=list(before))
    source: Any
    option = equals = ""
    if incomplete.startswith("--") and "=" in incomplete:
        option, equals, incomplete = incomplete.partition("=")
        source = _valued(command, option)
    else:
        source = _valued(command, before[-1]) if before else None
    if source is None and not incomplete.startswith("-"):
        source = next((p for p in command.params if p.param_type_name == "argument" and _open(p, context)), None)
    for item in (source or command).shell_complete(context, incomplete):
        yield f"{option}{equals}{item.value}", item.help or ""


def _valued(command: Any, name: str) -> Any:
    """The option of that name, if it takes a value."""
    options = (p for p in command.params if p.param_type_name == "option" and not p.is_flag)
    return next((option for option in options if name in option.opts), None)


def _open(argument: Any, context: Any) -> bool:
    """Does the argument take one more word?"""
    return bool(argument.nargs == -1 or context.params.get(argument.name) in (None, ()))
