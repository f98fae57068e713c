"""The one place where text becomes shell words."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def quote(word: str) -> str:
    """One shell word, whatever it contains."""
    return shlex.quote(word)


def words(items: Iterable[str]) -> str:
    """Several shell words, each quoted."""
    return " ".join(quote(item) for item in items)


def disown(key: str) -> str:
    """Shell that strikes a resource's key from what is lampctl's; runs in a batch's directory."""
    return f"printf '%s\\n' {quote(key)} > gone\nsh ./disown.sh gone\n"
