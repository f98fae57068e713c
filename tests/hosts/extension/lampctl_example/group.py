"""The kind of resource group: a system group of Unix users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources import Action, Change, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement
from lampctl.resources.shell import quote, words


@dataclass(frozen=True)
class Group:
    """A system group."""

    name: str
    layer: str

    @property
    def key(self) -> str:
        return f"group:{self.name}"


@dataclass(frozen=True)
class Entry:
    """A group that exists."""

    gid: int


def probe(groups: Sequence[Group]) -> str:
    return f"getent group {words([group.name for group in groups])} || :" if groups else ":"


def parse(raw: str) -> dict[str, Entry]:
    """Key → entry, of `NAME:x:GID:MEMBERS`."""
    rows = (line.split(":") for line in raw.splitlines() if line.count(":") == 3)
    return {f"group:{row[0]}": Entry(int(row[2])) for row in rows if row[2].isdecimal()}


def compare(group: Group, state: Entry | None, view: HostView) -> Change | None:  # noqa: ARG001
    return None if state else Change(group.key, group.layer, Action.CREATE)


def steps(changed: Sequence[Changed[Group]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [
        Step(f"group {group.name}", group.layer, f"groupadd --system {quote(group.name)}", owns=(group.key,))
        for group, _ in changed
    ]


def retire(keys: Sequence[str], wanted: Sequence[Group], view: HostView) -> Retirement:  # noqa: ARG001
    """Groups that lampctl made, and that no playbook wants any more."""
    names = [key.partition(":")[2] for key in keys]
    return Retirement(
        tuple(Change(key, "linux", Action.DELETE) for key in keys),
        tuple(Step(f"remove group {n}", "linux", f"groupdel {quote(n)}", disowns=(f"group:{n}",)) for n in names),
    )


GROUPS = Kind("groups", ("group",), (Group,), Phase.PREPARE, probe, parse, compare, steps, retire=retire)
