"""The reference in docs/reference/, written from the program itself: `make reference`.

A unit test compares the files with `pages()`, so that they can't fall behind.
"""

from __future__ import annotations

from pathlib import Path

from docs.generate import checks, cli, playbook

FOLDER = Path(__file__).parents[1] / "reference"
NOTE = "<!-- Written by `make reference` from the program itself; a change made here is lost. -->"


def pages() -> dict[str, str]:
    """File name below docs/reference/ → its text."""
    written = {"playbook.md": playbook.page(), "checks.md": checks.page(), "cli.md": cli.page()}
    return {name: f"{NOTE}\n\n{text.rstrip()}\n" for name, text in written.items()}
