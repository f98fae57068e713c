"""Completion: the shell sends its line up to the cursor in _LAMPCTL_COMPLETE, and gets `word<TAB>description` lines.

Typer's own scripts run the program twice (fish), import Rich for the descriptions, and add a space after `key=`.
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


def print_candidates(root: Any, line: str, find_command: Callable[[Any, Sequence[str]], tuple[Any, list[str]]]) -> None:
    """Print the candidates for the last word of `line`. Prints nothing on any error."""
    try:
        *before, incomplete = _split(line)
        command, names = find_command(root, before[1:])
        found: dict[str, str] = {}
        for word, description in _candidates(command, before[1 + len(names) :], incomplete):
            found.setdefault(word, description)
    except Exception:  # a traceback would garble the prompt
        return
    for word, description in found.items():
        print(f"{word}\t{' '.join(description.split())}")


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
    """(word, description) of each candidate that begins with `incomplete`."""
    context = command.context_class(command, info_name="lampctl", resilient_parsing=True)
    # Unconverted: conversion imports pydantic, which takes a tenth of a second.
    context.params, _, _ = command.make_parser(context).parse_args(args=list(before))
    source: Any
    option = equals = ""
    if incomplete.startswith("--") and "=" in incomplete:
        option, equals, incomplete = incomplete.partition("=")
        source = _option_with_value(command, option)
    else:
        source = _option_with_value(command, before[-1]) if before else None
    if source is None and not incomplete.startswith("-"):
        source = next((p for p in command.params if p.param_type_name == "argument" and _takes_more(p, context)), None)
    for item in (source or command).shell_complete(context, incomplete):
        yield f"{option}{equals}{item.value}", item.help or ""


def _option_with_value(command: Any, name: str) -> Any:
    """The option of that name, if it takes a value."""
    options = (p for p in command.params if p.param_type_name == "option" and not p.is_flag)
    return next((option for option in options if name in option.opts), None)


def _takes_more(argument: Any, context: Any) -> bool:
    """Does the argument take another word?"""
    return bool(argument.nargs == -1 or context.params.get(argument.name) in (None, ()))
