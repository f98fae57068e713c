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
