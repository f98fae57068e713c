"""Errors about a value that is further below than the model that finds them."""

from __future__ import annotations

from collections.abc import Iterable


class MisplacedError(ValueError):
    """What is wrong with a value. `path`: the keys that lead to it from where this is raised."""

    def __init__(self, path: Iterable[str | int], message: str) -> None:
        super().__init__(message)
        self.path = tuple(path)
