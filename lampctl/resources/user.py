"""Unix users: one for each site, so that one site can't read another's files.

lampctl 0.1 gave `a-b.test` and `a.b.test` the same user. Such a user is renamed while its processes and files keep an
owner at all times: its uid and gid first get the new name too, before the old one in each file, so that tools show the
new one; the old name is removed once everything that uses the new one is proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement
from lampctl.resources.rename import RENAMES, is_pending
from lampctl.resources.shell import script, words


@dataclass(frozen=True)
class User:
    """A system user with a group of the same name, who can't log in."""

    name: str
    layer: str
    home: str
    former: str = ""  # the name that lampctl 0.1 gave the user of this home
    owns: tuple[str, ...] = ()  # its directories; in 0.1 another site's user may own them

    @property
    def key(self) -> str:
        return f"user:{self.name}"

    @property
    def former_key(self) -> str:
        return f"user:{self.former}"


@dataclass(frozen=True)
class Account:
    """An existing user."""

    home: str


def probe(users: Sequence[User]) -> str:
    """Shell that prints the passwd line of each user that exists, by its name and by its former name."""
    names = {name for user in users for name in (user.name, user.former) if name}
    return f"getent passwd {words(sorted(names))} || :" if users else ":"


def parse(raw: str) -> dict[str, Account]:
    """User key → account."""
    rows = (line.split(":") for line in raw.splitlines() if line.count(":") == 6)
    return {f"user:{row[0]}": Account(row[5]) for row in rows}


def compare(user: User, state: Account | None, view: HostView) -> Change | Conflict | None:
    """The change. Another user of the playbook might still have this one's name."""
    if state and state.home == user.home:
        return None
    renames, former = RENAMES.select(view.wanted), view.states.of_kind(RENAMES)
    if state is None and any(item.users[1] == user.name and is_pending(item, former) for item in renames):
        return None
    accounts, others = view.states.of_kind(USERS), USERS.select(view.wanted)
    if state and not any(_needs_rename(other, accounts) for other in others if other.former == user.name):
        message = f"the Unix user {user.name} has the home {state.home}, not {user.home}; it was left alone"
        return Conflict(user.key, message, _hint(state.home))
    if _needs_rename(user, accounts):
        diff = f"renamed from {user.former}; its uid and gid stay\n"
        return Change(user.key, user.layer, Action.UPDATE, diff)
    return Change(user.key, user.layer, Action.CREATE)


def _hint(home: str) -> str:
    if home.startswith("/var/www/"):
        site = home.removeprefix("/var/www/")
        return f"deploy the playbook of the site {site} first, if there is one: that renames the user"
    return "rename that user (usermod -l), or give the site another name"


def _needs_rename(user: User, accounts: Mapping[str, Account]) -> bool:
    """Must the user still be renamed?"""
    return bool(user.former) and user.key not in accounts and _has_former(user, accounts)


def _has_former(user: User, accounts: Mapping[str, Account]) -> bool:
    """Does an account with the former name exist, with this user's home?"""
    account = accounts.get(user.former_key)
    return account is not None and account.home == user.home


def steps(changed: Sequence[Changed[User]], view: HostView) -> list[Step]:
    """Renames first: they free names that other users get."""
    needed = {user.name for user in USERS.select(view.wanted)}
    accounts = view.states.of_kind(USERS)
    renamed = [user for user, _ in changed if _needs_rename(user, accounts)]
    created = [user for user, _ in changed if user not in renamed]
    return [
        *(
            Step(f"user {u.name}, formerly {u.former}", u.layer, _alias(u, keep=u.former not in needed))
            for u in renamed
        ),
        *(Step(f"user {u.name}", u.layer, _create(u)) for u in created),
    ]


def retire(keys: Sequence[str], wanted: Sequence[User], view: HostView) -> Retirement:  # noqa: ARG001
    """Remove former names of renamed users. Accounts stay, because they may own files.

    A former name that another user of the playbook needs was removed before that user was created.
    """
    needed, accounts = {user.name for user in wanted}, view.states.of_kind(USERS)
    outdated = [u for u in wanted if u.former and u.former not in needed and _has_former(u, accounts)]
    return Retirement(
        tuple(Change(u.former_key, u.layer, Action.DELETE, f"renamed to {u.name}\n") for u in outdated),
        tuple(Step(f"user {u.name}: drop the name {u.former}", u.layer, _drop(u)) for u in outdated),
    )


def _create(user: User) -> str:
    return script("user/create", name=user.name, folder=user.home, owns=user.owns)


def _alias(user: User, *, keep: bool) -> str:
    """Shell that gives the uid and gid a second name; without `keep`, the former name is removed."""
    return script("user/edit", "user/alias", *(() if keep else ("user/drop",)), old=user.former, new=user.name)


def _drop(user: User) -> str:
    return script("user/edit", "user/drop", old=user.former)


USERS = Kind("users", ("user",), (User,), Phase.PREPARE, probe, parse, compare, steps, retire=retire)
