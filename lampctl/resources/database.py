"""Databases and their users, over the server's Unix socket as root; no password of root is ever needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources import sql
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.secret import Secret
from lampctl.resources.sql import Account, Server, pattern

SERVER = "database-server"  # a key that is there while the server does not answer


@dataclass(frozen=True)
class Database:
    name: str
    layer: str
    server: Server
    charset: str = "utf8mb4"

    @property
    def key(self) -> str:
        return f"database:{self.name}"


@dataclass(frozen=True)
class DatabaseUser:
    """A user with all rights on one database, whose password is `secret`.

    One that connects from another host (`host`: its address) has to use TLS.
    """

    name: str
    layer: str
    server: Server
    database: str
    secret: Secret
    host: str = "localhost"

    @property
    def key(self) -> str:
        return f"database-user:{self.name}@{self.host}"

    @property
    def account(self) -> Account:
        return Account(self.name, self.host, self.database, self.secret, self.server)


AnyDatabase = Database | DatabaseUser


@dataclass(frozen=True)
class DatabaseState:
    """A database, an account, or the server that does not answer.

    Attributes:
        login: The stored password opens the account.
        tls: The account has to use TLS.
        grants: Patterns of databases on which the account has all rights.
    """

    exists: bool = False
    login: bool = False
    tls: bool = False
    grants: frozenset[str] = frozenset()


def probe(items: Sequence[AnyDatabase]) -> str:
    databases = [item for item in items if isinstance(item, Database)]
    if not databases:
        return ":"
    users = [item.account for item in items if isinstance(item, DatabaseUser)]
    return sql.look(databases[0].server, [database.name for database in databases], users)


def parse(raw: str) -> dict[str, DatabaseState]:
    facts: dict[str, set[str]] = {}
    grants: dict[str, set[str]] = {}
    for line in raw.split("\n"):
        match line.split("\t"):
            case ["down"]:
                facts[SERVER] = set()
            case ["db", name]:
                facts.setdefault(f"database:{name}", set()).add("exists")
            case ["user", name, host]:
                facts.setdefault(f"database-user:{name}@{host}", set()).add("exists")
            case ["tls" | "login" as fact, name, host]:
                facts.setdefault(f"database-user:{name}@{host}", set()).add(fact)
            case ["grant", name, host, database, flags] if set(flags) == {"Y"}:
                facts.setdefault(f"database-user:{name}@{host}", set())
                grants.setdefault(f"database-user:{name}@{host}", set()).add(database)
    return {
        key: DatabaseState("exists" in found, "login" in found, "tls" in found, frozenset(grants.get(key, ())))
        for key, found in facts.items()
    }


def recognize(items: Sequence[AnyDatabase], view: HostView) -> frozenset[str]:
    """Its own secret opens the account, and that account has all rights on the database."""
    found: set[str] = set()
    for user in items:
        state = view.states.get(DATABASES, user.key)
        if isinstance(user, DatabaseUser) and state and state.login:
            found.add(user.key)
            if pattern(user.database) in state.grants:
                found.add(f"database:{user.database}")
    return frozenset(found)


def compare(item: AnyDatabase, state: DatabaseState | None, view: HostView) -> Change | Conflict | None:
    """The change; what the site's own secret opens is this same site's, whichever playbook made it."""
    state = state or DatabaseState()
    noun = "database" if isinstance(item, Database) else "database user"
    hint = "give the site another one: sites: NAME: database: {name: …, user: …}"
    known = item.key in view.recognized
    answers = SERVER not in view.states.of(DATABASES)
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


def _lacking(user: DatabaseUser, state: DatabaseState) -> str:
    if not state.login:
        return "can't log in with the stored password"
    if pattern(user.database) not in state.grants:
        return f"lacks rights on {user.database}"
    return "can connect without TLS" if user.account.remote and not state.tls else ""


def steps(changed: Sequence[Changed[AnyDatabase]], view: HostView) -> list[Step]:  # noqa: ARG001
    return [
        Step(
            item.key.replace(":", " ", 1),
            item.layer,
            sql.create_database(item.server, item.name, item.charset)
            if isinstance(item, Database)
            else sql.create_account(item.account),
            owns=(item.key,) if change.action is Action.CREATE else (),
        )
        for item, change in changed
    ]


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
