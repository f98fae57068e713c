"""Unix users: one for each site, so that one site can't read another's files.

lampctl 0.1 gave `a-b.test` and `a.b.test` one user. A user whose name was the other site's as well is brought over
without a moment in which a process or a file belongs to nobody: the same uid and gid get the new name first, before the
old one in each file, so that it is the one shown; the old name goes once everything that uses the new one is proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement
from lampctl.resources.shell import script, words


@dataclass(frozen=True)
class User:
    """A system user with a group of the same name, who can't log in."""

    name: str
    layer: str
    home: str
    former: str = ""  # the name that lampctl 0.1 gave the user of this home
    owns: tuple[str, ...] = ()  # directories that are this user's; in 0.1 another site's user may have owned them

    @property
    def key(self) -> str:
        return f"user:{self.name}"

    @property
    def former_key(self) -> str:
        return f"user:{self.former}"


@dataclass(frozen=True)
class Account:
    """A user that exists."""

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
    """The change; another user of the playbook may still have this one's name."""
    if state and state.home == user.home:
        return None
    accounts, others = view.states.of(USERS), USERS.select(view.wanted)
    if state and not any(_renamed(other, accounts) for other in others if other.former == user.name):
        message = f"the Unix user {user.name} has the home {state.home}, not {user.home}; it was left alone"
        return Conflict(user.key, message, _hint(state.home))
    if _renamed(user, accounts):
        diff = f"new name of {user.former}; its uid and gid stay, and its old name goes\n"
        return Change(user.key, user.layer, Action.UPDATE, diff)
    return Change(user.key, user.layer, Action.CREATE)


def _hint(home: str) -> str:
    if home.startswith("/var/www/"):
        site = home.removeprefix("/var/www/")
        return f"deploy the playbook of the site {site} first, if there is one: it gives that user another name"
    return "rename that user (usermod -l), or give the site another name"


def _renamed(user: User, accounts: Mapping[str, Account]) -> bool:
    """Does the user still have to get its new name?"""
    return bool(user.former) and user.key not in accounts and _has_former(user, accounts)


def _has_former(user: User, accounts: Mapping[str, Account]) -> bool:
    """Does an account with the former name exist, with this user's home?"""
    account = accounts.get(user.former_key)
    return account is not None and account.home == user.home


def steps(changed: Sequence[Changed[User]], view: HostView) -> list[Step]:
    """A name becomes free before another user gets it."""
    needed = {user.name for user in USERS.select(view.wanted)}
    accounts = view.states.of(USERS)
    renamed = [user for user, _ in changed if _renamed(user, accounts)]
    created = [user for user, _ in changed if user not in renamed]
    return [
        *(
            Step(f"user {u.name}, formerly {u.former}", u.layer, _alias(u, keep=u.former not in needed))
            for u in renamed
        ),
        *(Step(f"user {u.name}", u.layer, _create(u)) for u in created),
    ]


def retire(keys: Sequence[str], wanted: Sequence[User], view: HostView) -> Retirement:  # noqa: ARG001
    """Former names go, of users that keep their uid and gid; accounts stay, as files may be theirs.

    A name that another user of the playbook needs went before that user was made.
    """
    needed, accounts = {user.name for user in wanted}, view.states.of(USERS)
    outdated = [u for u in wanted if u.former and u.former not in needed and _has_former(u, accounts)]
    return Retirement(
        tuple(Change(u.former_key, u.layer, Action.DELETE, f"is {u.name} now\n") for u in outdated),
        tuple(Step(f"user {u.name}: drop the name {u.former}", u.layer, _drop(u)) for u in outdated),
    )


def _create(user: User) -> str:
    return script("user/create", name=user.name, folder=user.home, owns=user.owns)


def _alias(user: User, *, keep: bool) -> str:
    """The same uid and gid under both names."""
    return script("user/edit", "user/alias", *(() if keep else ("user/drop",)), old=user.former, new=user.name)


def _drop(user: User) -> str:
    return script("user/edit", "user/drop", old=user.former)


USERS = Kind("users", ("user",), (User,), Phase.PREPARE, probe, parse, compare, steps, retire=retire)
