"""The table of faults and controls: one YAML file for each playbook in this folder, one row for each fault.

A row has one line of shell that breaks something, and what `lampctl check` must say. README.md explains the fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
FILES = HERE.parents[1] / "playbooks/files"
NAMES = ("lamp", "lemp", "front", "wordpress", "types")


@dataclass(frozen=True)
class Fault:
    """One way to break a host.

    Attributes:
        damage: Shell that breaks it, as root on the host.
        culprit: Ids of the checks that may be named; `ID?` is a warning.
        says: A text that the culprit must contain in its result, evidence or hint.
        hint: Commands that its hint must contain; they are typed as they stand, one after another.
        shows: A text that must be in what they print: they show the cause. Without it, they have to mend the fault.
        mend: Shell that mends it; without it, and without a hint that does, `lampctl deploy` has to.
    """

    name: str
    damage: str
    culprit: tuple[str, ...]
    says: str = ""
    hint: tuple[str, ...] = ()
    shows: str = ""
    mend: str = ""

    @property
    def hint_mends(self) -> bool:
        """Must the hint's own commands mend it?"""
        return bool(self.hint) and not self.shows


@dataclass(frozen=True)
class Control:
    """A harmless change, which must raise no alarm."""

    name: str
    do: str
    undo: str = ":"


@dataclass(frozen=True)
class Book:
    """A playbook, the host that it is deployed to, and what happens to that host.

    Attributes:
        playbook: YAML; `FILES` stands for the folder of the example programs.
        setup: Shell that prepares the bare host.
        shell: Definitions before each line of the book, such as the names of units.
        acme: It needs an ACME server: `DIRECTORY` in the playbook stands for its URL.
        names: Names that resolve to the host.
    """

    name: str
    playbook: str
    faults: tuple[Fault, ...]
    controls: tuple[Control, ...]
    setup: str = ":"
    shell: str = ""
    acme: bool = False
    names: tuple[str, ...] = field(default=())


def book(name: str) -> Book:
    raw = yaml.safe_load((HERE / f"{name}.yml").read_text())
    keys = {key for row in (*raw["faults"], *raw["controls"]) for key in row}
    assert keys <= {"name", "break", "culprit", "says", "hint", "shows", "mend", "do", "undo"}, keys
    return Book(
        name,
        str(raw["playbook"]).replace("FILES", str(FILES)),
        tuple(_fault(row) for row in raw["faults"]),
        tuple(Control(row["name"], row["do"], row.get("undo", ":")) for row in raw["controls"]),
        raw.get("setup", ":"),
        raw.get("shell", ""),
        raw.get("acme", False),
        tuple(raw.get("names", ())),
    )


def _fault(row: dict[str, Any]) -> Fault:
    return Fault(
        row["name"],
        row["break"],
        _several(row["culprit"]),
        row.get("says", ""),
        _several(row.get("hint", ())),
        row.get("shows", ""),
        row.get("mend", ""),
    )


def _several(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
