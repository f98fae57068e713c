"""Unix users: one for each site, so that one site can't read another's files.

lampctl 0.1 gave `a-b.test` and `a.b.test` one user. A user whose name was the other site's as well is brought over
without a moment in which a process or a file belongs to nobody: the same uid and gid get the new name first, before the
old one in each file, so that it is the one shown; the old name goes once everything that uses the new one is proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.shell import quote, words


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


def compare(user: User, states: Mapping[str, object], users: Sequence[User] = ()) -> Change | Conflict | None:
    """The change; `users` are all that the playbook needs, one of which may still have this one's name."""
    home = _home(user.key, states)
    if home == user.home:
        return None
    if home is not None and not any(_renamed(other, states) for other in users if other.former == user.name):
        message = f"the Unix user {user.name} has the home {home}, not {user.home}; it was left alone"
        return Conflict(user.key, message, _hint(home))
    if _renamed(user, states):
        diff = f"new name of {user.former}; its uid and gid stay, and its old name goes\n"
        return Change(user.key, user.layer, Action.UPDATE, diff)
    return Change(user.key, user.layer, Action.CREATE)


def _home(key: str, states: Mapping[str, object]) -> str | None:
    account = states.get(key)
    return account.home if isinstance(account, Account) else None


def _hint(home: str) -> str:
    if home.startswith("/var/www/"):
        site = home.removeprefix("/var/www/")
        return f"deploy the playbook of the site {site} first, if there is one: it gives that user another name"
    return "rename that user (usermod -l), or give the site another name"


def _renamed(user: User, states: Mapping[str, object]) -> bool:
    """Does the user still have to get its new name?"""
    return bool(user.former) and user.key not in states and _home(user.former_key, states) == user.home


def steps(users: Sequence[User], states: Mapping[str, object], wanted: Sequence[User] = ()) -> list[Step]:
    """`wanted`: all that the playbook needs. A name becomes free before another user gets it."""
    needed = {user.name for user in wanted}
    renamed = [user for user in users if _renamed(user, states)]
    made = [user for user in users if user not in renamed]
    return [
        *(
            Step(f"user {u.name}, formerly {u.former}", u.layer, _alias(u, keep=u.former not in needed))
            for u in renamed
        ),
        *(Step(f"user {u.name}", u.layer, _create(u)) for u in made),
    ]


def outdated(users: Sequence[User], states: Mapping[str, object]) -> list[User]:
    """Users of which the former name still exists; a name that another user of the playbook needs went at once."""
    needed = {user.name for user in users}
    return [u for u in users if u.former and u.former not in needed and _home(u.former_key, states) == u.home]


def forget(user: User) -> Step:
    """Removes the former name of a user, which keeps its uid and gid."""
    return Step(f"user {user.name}: drop the name {user.former}", user.layer, _EDIT + _drop(user))


def _create(user: User) -> str:
    script = (
        "useradd --system --user-group --no-create-home --shell /usr/sbin/nologin"
        f" --home-dir {quote(user.home)} {quote(user.name)}\n"
    )
    # In 0.1 the site may have had another one's user. `-RhP` walks by descriptor and follows no link; `--from` changes
    # only what that user, or its group, owns.
    new = user.name
    for path in map(quote, user.owns):
        script += (
            f"was=$(stat -c %U {path} 2>/dev/null || :)\n"
            "case $was in site-*)\n"
            f'chown -RhP --from="$was" {new} {path}; chown -RhP --from=":$was" :{new} {path} ;;\nesac\n'
        )
    return script


# vipw and vigr lock the file as useradd does, and replace it by a rename. An edit in the same second is ignored.
_EDIT = r"""
cat > edit <<'END'
was=$(stat -c %Y "$1")
sed -i -f ./sed "$1"
[ "$(stat -c %Y "$1")" -gt "$was" ] || touch -d "@$((was + 1))" "$1"
END
edit() { VISUAL='sh -eu ./edit' EDITOR='sh -eu ./edit' "$@" -q; }
"""
_FILES = (("/etc/gshadow", "vigr -s"), ("/etc/group", "vigr"), ("/etc/shadow", "vipw -s"), ("/etc/passwd", "vipw"))
_GROUPS = ("/etc/gshadow", "/etc/group")


def _alias(user: User, *, keep: bool) -> str:
    """The same uid and gid under both names; /etc/passwd, which tells whether it is done, comes last."""
    old, new = user.former, user.name
    lines = f"s/^{old}:\\(.*\\)/{new}:\\1\\n&/"
    members = f"s/\\([:,]\\){old}\\(,[^:]*\\)\\{{0,1\\}}$/\\1{new},{old}\\2/"
    has = f"grep -q '^{new}:'"
    script = _EDIT + "".join(
        f"{_program(path, lines, members)}{has} {path} || edit {editor}\n{has} {path}\n" for path, editor in _FILES
    )
    # Its program may be running: it finds what it stores at the old path as well.
    script += (
        f"[ ! -d /var/lib/{old} ] || [ -L /var/lib/{old} ] || [ -e /var/lib/{new} ] || {{\n"
        f"    mv -T /var/lib/{old} /var/lib/{new}; ln -s {new} /var/lib/{old}; }}\n"
    )
    return script if keep else script + _drop(user)


def _drop(user: User) -> str:
    old = user.former
    members = (f"s/\\([:,]\\){old},/\\1/", f"s/\\(:\\){old}$/\\1/", f"s/,{old}$//")
    has = f"grep -q '^{old}:'"
    return f"[ ! -L /var/lib/{old} ] || rm /var/lib/{old}\n" + "".join(
        f"{_program(path, f'/^{old}:/d', *members)}if {has} {path}; then edit {editor}; fi\n"
        f"if {has} {path}; then exit 1; fi\n"
        for path, editor in _FILES
    )


def _program(path: str, lines: str, *members: str) -> str:
    """Shell that writes the sed program for one of the files; only those of groups list members."""
    return f"printf '%s\\n' {words([lines, *(members if path in _GROUPS else ())])} > sed\n"
