"""Files of others in a directory that becomes a site's home: with consent, the site's user gets them.

The directory itself is a Directory. What moves is what one user other than root owns: so it can be undone exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lampctl.answers import parse_int, rows
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.release import matching
from lampctl.resources.shell import disown, script, words


@dataclass(frozen=True)
class Occupied:
    """The files in `path`, if lampctl did not make that directory.

    Attributes:
        user: Who gets them.
        reader: The web server's user, who keeps access to what it owned.
        adopt: There is consent.
        hidden: Patterns of files that the reader gets no access to (see Release).
    """

    path: str
    layer: str
    user: str
    reader: str
    adopt: bool = False
    hidden: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"files:{self.path}"

    @property
    def directory(self) -> str:
        """The key of the directory."""
        return f"directory:{self.path}"


@dataclass(frozen=True)
class Occupants:
    """Who owns files there.

    Attributes:
        files: User -> number of files and folders.
        owner: USER:GROUP of the directory itself.
        mode: Of the directory itself, in octal digits.
        linked: Files with a further name, which may be outside.
    """

    files: Mapping[str, int] = field(default_factory=dict)
    owner: str = ""
    mode: str = ""
    linked: int = 0


def others(state: Occupants | None) -> list[str]:
    """The users who own something there, besides root and sites: lampctl made these."""
    return sorted(user for user in (state.files if state else ()) if user != "root" and not user.startswith("site-"))


def probe(items: Sequence[Occupied]) -> str:
    calls = "".join(f"{words(['look_inside', item.path])}\n" for item in items)
    return f"{script('directory/inside')}{calls}:"


def parse(raw: str) -> dict[str, Occupants]:
    """`files:PATH` -> who owns what is there; only of directories that lampctl did not make."""
    found: dict[str, dict[str, int]] = {}
    tops: dict[str, tuple[str, str]] = {}
    for path, what, value, count in rows(raw, 4):
        if what == "owner":
            tops[path] = value, count
        else:
            found.setdefault(path, {})[f"{what} {value}"] = parse_int(count) or 0
    return {f"files:{path}": _occupants(*top, found.get(path, {})) for path, top in tops.items()}


def _occupants(owner: str, mode: str, counts: Mapping[str, int]) -> Occupants:
    files = {name.removeprefix("holds "): count for name, count in counts.items() if name.startswith("holds ")}
    return Occupants(files, owner, mode, counts.get("linked ", 0))


def compare(item: Occupied, state: Occupants | None, view: HostView) -> Change | Conflict | None:  # noqa: ARG001
    found = others(state)
    if state is None or not found:
        return None
    owned = " and ".join(f"{state.files[user]} of {user}" for user in found)
    what = f"{item.path} was not made by lampctl, and has files and folders of others ({owned})"
    if len(found) > 1:
        hint = f"give them to one user first, such as: chown -RhP --from={found[-1]} {found[0]} {item.path}"
        return Conflict(item.key, what, hint)
    if state.linked:
        hint = f"find {item.path} -type f -links +1 shows them: copy them"
        return Conflict(item.key, f"{what}, {state.linked} of them with a further name, which may be elsewhere", hint)
    if not item.adopt:
        site = item.path.rpartition("/")[2]
        hint = f"sites: {site}: {{adopt: true}} gives them to {item.user}; lampctl plan shows what changes"
        return Conflict(item.key, f"{what}; the site runs as {item.user}, which could not write to them", hint)
    diff = f"{state.files[found[0]]} files and folders: owner {found[0]} -> {item.user}\n"
    return Change(item.key, item.layer, Action.UPDATE, diff)


def steps(changed: Sequence[Changed[Occupied]], view: HostView) -> list[Step]:
    """The directory counts as lampctl's from then on; until then, each run looks into it again."""
    return [_step(item, view.states.get(OCCUPIED, item.key) or Occupants()) for item, _ in changed]


def _step(item: Occupied, state: Occupants) -> Step:
    former = others(state)[0]
    move = script(
        "directory/move-in", folder=item.path, former=former, account=item.user, reader=item.reader,
        hidden=matching(item.hidden),
    )  # fmt: skip
    back = script(
        "directory/move-out", folder=item.path, former=former, account=item.user, owner=state.owner, mode=state.mode
    )
    return Step(f"move into {item.path}", item.layer, move, owns=(item.directory,), undo=back + disown(item.directory))


OCCUPIED = Kind("occupied", ("files",), (Occupied,), Phase.SERVICES, probe, parse, compare, steps)
