"""The plan that switches a site to another of its releases: a link, the files that name the release, and a hold.

As with an undo, the host composes the files, by its own record of what the site takes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from lampctl.facts import Held
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.planning import undo
from lampctl.planning.undo import Way
from lampctl.resources import Step
from lampctl.resources.shell import script


@dataclass(frozen=True)
class Switch:
    """From one release of a site to another.

    Attributes:
        record: Of the playbook that has the site.
        start, end: Their ids.
        held: What holds the site now.
    """

    site: str
    record: str
    start: str
    end: str
    held: Held | None = None

    @property
    def hold(self) -> Held | None:
        """What holds the site then: nothing, if it comes back to the release that was held back."""
        back = self.held.back if self.held and self.held.at == self.start else self.start
        return None if back == self.end else Held(self.end, back)

    @property
    def compose(self) -> Step:
        hold = self.hold.text if self.hold else ""
        ids = {"start": self.start, "end": self.end}
        text = script("rollback/compose", site=self.site, record=self.record, held=hold, **ids)
        return Step(f"collect what names the release {self.start}", "site", text)


def look(switch: Switch) -> str:
    """Shell that composes the files, and prints what `plan` reads."""
    return f"{switch.compose.script}{script('undo/show')}"


def plan(raw: str, switch: Switch, pages: Collection[str], desired: Desired, seen: Observation) -> Way:
    """Read what the host composed. The site's own pages decide, the checks `pages`: they may have failed before."""
    way = undo.composed(raw, switch.record, switch.compose, desired, seen)
    return replace(way, plan=replace(way.plan, decisive=frozenset(pages)))
