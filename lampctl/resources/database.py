"""Databases and their users, through the server's Unix socket as root, without a root password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lampctl.answers import parse_int
from lampctl.resources import sql
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.secret import Secret
from lampctl.resources.shell import quote
from lampctl.resources.sql import Account, Server, pattern

SERVER = "database-server"  # a key that exists while the server does not answer


@dataclass(frozen=True)
class Database:
    name: str
    layer: str
    server: Server
    charset: str = "utf8mb4"
    early: bool = False  # before files are handed over: something needs it then

    @property
    def key(self) -> str:
        return f"database:{self.name}"


@dataclass(frozen=True)
class DatabaseUser:
    """A user with all rights on one database, whose password is `secret`.

    One that connects from another host (`host`: its address) must use TLS.
    """

    name: str
    layer: str
    server: Server
    database: str
    secret: Secret
    host: str = "localhost"
    early: bool = False

    @property
    def key(self) -> str:
        return f"database-user:{self.name}@{self.host}"

    @property
    def account(self) -> Account:
        return Account(self.name, self.host, self.database, self.secret, self.server)


AnyDatabase = Database | DatabaseUser


@dataclass(frozen=True)
class DatabaseState:
    """The state of a database or an account, or that the server does not answer.

    Attributes:
        login: The stored password opens the account.
        refused: The error number with which the server refused the login (of the server's own state: root's), 0 if it
            gave none; None if it was not tried.
        error: Of the server: why it refuses to answer; empty if nothing listens.
        tls: The account must use TLS.
        grants: Patterns of databases on which the account has all rights.
    """

    exists: bool = False
    login: bool = False
    tls: bool = False
    grants: frozenset[str] = frozenset()
    refused: int | None = None
    error: str = ""


def probe(items: Sequence[AnyDatabase]) -> str:
    databases = [item for item in items if isinstance(item, Database)]
    if not databases:
        return ":"
    users = [item.account for item in items if isinstance(item, DatabaseUser)]
    return sql.look(databases[0].server, [database.name for database in databases], users)


def parse(raw: str) -> dict[str, DatabaseState]:
    facts: dict[str, set[str]] = {}
    grants: dict[str, set[str]] = {}
    refused: dict[str, int] = {}
    error = ""
    for line in raw.split("\n"):
        match line.split("\t"):
            case ["down"]:
                facts[SERVER] = set()
            case ["failed", code, text]:
                refused[SERVER], error = parse_int(code) or 0, text or f"error {code}"
            case ["refused", name, host, code]:
                refused[f"database-user:{name}@{host}"] = parse_int(code) or 0
            case ["db", name]:
                facts.setdefault(f"database:{name}", set()).add("exists")
            case ["user", name, host]:
                facts.setdefault(f"database-user:{name}@{host}", set()).add("exists")
            case ["tls" | "login" as fact, name, host]:
                facts.setdefault(f"database-user:{name}@{host}", set()).add(fact)
            case ["grant", name, host, database, flags] if set(flags) == {"Y"}:
                grants.setdefault(f"database-user:{name}@{host}", set()).add(database)
    keys = dict.fromkeys((*facts, *grants, *refused))
    return {key: _state(key, facts, grants, refused, error) for key in keys}


def _state(
    key: str,
    facts: Mapping[str, set[str]],
    grants: Mapping[str, set[str]],
    refused: Mapping[str, int],
    error: str,
) -> DatabaseState:
    found = facts.get(key, set())
    return DatabaseState(
        "exists" in found,
        "login" in found,
        "tls" in found,
        frozenset(grants.get(key, ())),
        refused.get(key),
        error if key == SERVER else "",
    )


def recognize(items: Sequence[AnyDatabase], view: HostView) -> frozenset[str]:
    """Accounts that the stored password opens, and databases on which such an account has all rights."""
    found: set[str] = set()
    for user in items:
        state = view.states.get(DATABASES, user.key)
        if isinstance(user, DatabaseUser) and state and state.login:
            found.add(user.key)
            if pattern(user.database) in state.grants:
                found.add(f"database:{user.database}")
    return frozenset(found)


def compare(item: AnyDatabase, state: DatabaseState | None, view: HostView) -> Change | Conflict | None:
    """The change. What the site's own password opens belongs to this site, whichever playbook made it."""
    state = state or DatabaseState()
    noun = "database" if isinstance(item, Database) else "database user"
    hint = "give the site another one: sites: NAME: database: {name: …, user: …}"
    known = item.key in view.recognized
    server = view.states.get(DATABASES, SERVER)
    answers = server is None
    if server and server.error:
        return _unanswered(item, server, view)
    if item.key in view.theirs and not known and (state.exists or not answers):
        text = f"the {noun} {item.name} belongs to the playbook {view.theirs[item.key]}; it was left alone"
        return Conflict(item.key, text, hint)
    if not state.exists:
        return Change(item.key, item.layer, Action.CREATE)
    if item.key not in view.owned and not known:
        text = f"the {noun} {item.name} exists and was not made by lampctl; it was left alone"
        return Conflict(item.key, text, hint)
    if item.key not in view.owned:
        return Change(item.key, item.layer, Action.UPDATE, "is missing from lampctl's record, and is added again\n")
    why = _lacking(item, state) if isinstance(item, DatabaseUser) else ""
    return Change(item.key, item.layer, Action.UPDATE, f"{why}\n") if why else None


def _unanswered(item: AnyDatabase, server: DatabaseState, view: HostView) -> Conflict | None:
    """Nothing is known of what is there: what is lampctl's stays as it is, and the check of its login says why."""
    if item.key in view.owned:
        return None
    text = f"{item.key.replace(':', ' ', 1)}: the database server does not answer root on its socket: {server.error}"
    hint = "deploy again when it answers; its log, or SHOW PROCESSLIST, shows why it does not"
    if server.refused in _WRONG:
        hint = (
            "if root has a password: mysql: {admin: {secret: FILE}}, an option file on the host such as /root/.my.cnf; "
            "or let root in by the socket: ALTER USER root@localhost IDENTIFIED VIA unix_socket"
        )
    return Conflict(item.key, text, hint)


# Errors about an account, which ALTER USER fixes: access denied; its authentication plugin is another, or not loaded by
# the server or the client; its password has expired (MariaDB, MySQL); it is locked (MariaDB, MySQL); it requires TLS.
_WRONG = frozenset({1045, 1698, 1251, 1275, 1524, 2059, 1820, 1862, 4151, 3118, 3159})


def _lacking(user: DatabaseUser, state: DatabaseState) -> str:
    if not state.login and (user.account.remote or state.refused in (None, *_WRONG)):
        return "can't log in with the stored password"
    if pattern(user.database) not in state.grants:
        return f"lacks rights on {user.database}"
    return "can connect without TLS" if user.account.remote and not state.tls else ""


def steps(changed: Sequence[Changed[AnyDatabase]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [
        Step(
            item.key.replace(":", " ", 1),
            item.layer,
            _create(item),
            owns=(item.key,) if change.action is Action.CREATE else (),
        )
        for item, change in changed
    ]


def _create(item: AnyDatabase) -> str:
    start = f"systemctl start {quote(item.server.unit)}\n" if item.early else ""
    if isinstance(item, Database):
        return start + sql.create_database(item.server, item.name, item.charset)
    return start + sql.create_account(item.account)


DATABASES: Kind[AnyDatabase, DatabaseState] = Kind(
    "databases",
    ("database", "database-user"),
    (Database, DatabaseUser),
    Phase.AFTER,
    probe,
    parse,
    compare,
    steps,
    recognize=recognize,
)
