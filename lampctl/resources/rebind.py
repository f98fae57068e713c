"""Changes of a file that a unit reads at a reload, but that only a restart can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lampctl.resources.file import FILES
from lampctl.resources.kind import HostView


@dataclass(frozen=True)
class Rebind:
    """`needs`: (the file's former text, its new text) -> does this change take a restart?"""

    path: str
    needs: Callable[[str, str], bool]

    def applies(self, view: HostView) -> bool:
        """Is such a change about to be made?"""
        former, new = view.states.get(FILES, self.path), view.contents.get(f"file:{self.path}", "")
        changes = self.path in view.changing and former is not None
        return changes and former is not None and self.needs(former.content.decode(errors="replace"), new)
