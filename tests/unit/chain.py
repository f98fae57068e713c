"""Checks of the built-in playbooks, and the output of their probes."""

from __future__ import annotations

from collections.abc import Iterable

from lampctl.checks import Check
from lampctl.engine.library import Files
from lampctl.facts import nominal
from lampctl.layers import Context, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load


def check(id: str, playbook: str = "lamp", *settings: str) -> Check:
    """Return one check of a built-in playbook, on Debian 13."""
    return next(check for check in checks(playbook, *settings) if check.id == id)


def checks(playbook: str, *settings: str) -> tuple[Check, ...]:
    """Return the checks of a built-in playbook, on Debian 13."""
    loaded = load(playbook, settings, Files())
    context = Context.from_loaded(loaded, PLATFORMS["debian-13"], nominal("debian-13", loaded.playbook.sites))
    return desired(context).checks


def labelled(**sections: str) -> str:
    """Return what scripts wrapped by `resources.shell.labelled` print: each line prefixed with its section's name and a tab."""
    return _labelled(sections.items())


def numbered(*answers: str) -> str:
    """Return what `http.side_by_side` prints for these answers."""
    return _labelled((str(number), f"\n{answer}") for number, answer in enumerate(answers, 1))


def _labelled(sections: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{name}\t{line}\n" for name, text in sections for line in text.split("\n"))
