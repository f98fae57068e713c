"""A site that had another name: its user, directories and passwords get the new one; uid, files and values stay.

Until everything that uses the new name is proved, the former name leads to the same: by an account with the same uid,
and by links. So nothing has to be undone if the proof fails, and a run that was cut off goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement
from lampctl.resources.shell import script, words


@dataclass(frozen=True)
class Rename:
    """A site and its former name.

    Attributes:
        users: The former and the new Unix user.
        folders: Pairs of former and new paths; the home is the first.
        copies: The same of files, such as passwords.
    """

    site: str
    former: str
    layer: str
    users: tuple[str, str]
    folders: tuple[tuple[str, str], ...]
    copies: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        return f"rename:{self.site}"

    @property
    def home(self) -> str:
        """The former home."""
        return self.folders[0][0]


@dataclass(frozen=True)
class Former:
    """What still has the former name; `taken`: new places that exist as well."""

    accounts: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    taken: tuple[str, ...] = field(default=())


def is_pending(item: Rename, states: Mapping[str, Former]) -> bool:
    """Is there something to move?"""
    state = states.get(item.key)
    return state is not None and item.home in state.folders


def probe(items: Sequence[Rename]) -> str:
    calls = (("look_former", i.site, *i.users, *(path for pair in i.folders for path in pair)) for i in items)
    return "\n".join([script("rename/look"), *map(words, calls), ":"])


def parse(raw: str) -> dict[str, Former]:
    found: dict[str, dict[str, list[str]]] = {}
    for site, what, value in rows(raw, 3):
        found.setdefault(site, {}).setdefault(what, []).append(value)

    def of(values: Mapping[str, list[str]], name: str) -> tuple[str, ...]:
        return tuple(values.get(name, ()))

    return {
        f"rename:{site}": Former(
            frozenset(of(values, "account")), of(values, "folder"), of(values, "link"), of(values, "taken")
        )
        for site, values in found.items()
    }


def compare(item: Rename, state: Former | None, view: HostView) -> Change | Conflict | None:
    if state is None or not is_pending(item, view.states.of_kind(RENAMES)):
        return None
    key = f"directory:{item.home}"
    if key in view.theirs:
        hint = f"deploy it with that playbook, or --take-over {view.theirs[key]}"
        return Conflict(item.key, f"{item.former} belongs to the playbook {view.theirs[key]}; it was left alone", hint)
    if key not in view.owned:
        return Conflict(item.key, f"{item.home} was not made by lampctl; it was left alone", "remove `renamed_from`")
    if state.taken:
        hint = f"if it has nothing worth keeping: mv {state.taken[0]} {state.taken[0]}.before"
        return Conflict(item.key, f"{item.former} can't become {item.site}: {state.taken[0]} exists as well", hint)
    moved = ", ".join(f"{old} -> {new}" for old, new in (*item.folders, item.users))
    return Change(item.key, item.layer, Action.UPDATE, f"renamed from {item.former}: {moved}; all files stay\n")


def steps(changed: Sequence[Changed[Rename]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [Step(f"{item.former} becomes {item.site}", item.layer, _move(item)) for item, _ in changed]


def _move(item: Rename) -> str:
    old, new = item.users
    pairs = [path for pair in item.folders for path in pair]
    copies = [path for pair in item.copies for path in pair]
    return script("user/edit", "user/alias", "rename/move", old=old, new=new, folders=pairs, copies=copies)


def retire(keys: Sequence[str], wanted: Sequence[Rename], view: HostView) -> Retirement:  # noqa: ARG001
    """The former name goes once nothing uses it any more."""
    states = view.states.of_kind(RENAMES)
    left = [i for i in wanted if (s := states.get(i.key)) and (s.accounts or s.links) and _is_mine(i, view)]
    return Retirement(
        tuple(Change(f"user:{i.users[0]}", i.layer, Action.DELETE, f"renamed to {i.users[1]}\n") for i in left),
        tuple(_drop(item) for item in left),
    )


def _drop(item: Rename) -> Step:
    key = f"directory:{item.home}"
    return Step(f"drop the name {item.former}", item.layer, _forget(item), disowns=(key,), undo=_restore(item))


def _is_mine(item: Rename, view: HostView) -> bool:
    key = f"directory:{item.home}"
    return key in view.owned and key not in view.theirs


def _forget(item: Rename) -> str:
    paths = [old for old, _ in (*item.folders, *item.copies)]
    return script("rename/forget", "user/edit", "user/drop", paths=paths, old=item.users[0])


def _restore(item: Rename) -> str:
    (former, home), (old, new) = item.folders[0], item.users
    pairs = [path for pair in item.folders for path in pair]
    copies = [path for pair in item.copies for path in pair]
    return script(
        "user/edit", "user/alias", "rename/restore", old=new, new=old, home_of=home, former_home=former, folders=pairs,
        copies=copies,
    )  # fmt: skip


RENAMES = Kind("renames", ("rename",), (Rename,), Phase.PREPARE, probe, parse, compare, steps, retire=retire)
