"""Databases and their users, over the server's Unix socket as root; no password of root is ever needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from lampctl.resources.base import Action, Change, Conflict, States, Step
from lampctl.resources.secret import Secret
from lampctl.resources.shell import quote

SERVER = "database-server"  # a key that is there while the server does not answer
# What GRANT ALL on a database gives, in MariaDB and in MySQL.
_PRIVILEGES = (
    *("Select", "Insert", "Update", "Delete", "Create", "Drop", "References", "Index", "Alter", "Event", "Trigger"),
    *("Create_tmp_table", "Lock_tables", "Create_view", "Show_view", "Create_routine", "Alter_routine", "Execute"),
)


@dataclass(frozen=True)
class Server:
    """How to talk to the database server on the host."""

    client: str  # shell command that is root by the socket and reads SQL on stdin
    socket: str
    login: str  # shell command of a client that takes --defaults-file
    plain: str  # line of that file by which no TLS is spoken: it is for the network
    plugin: str = ""  # how passwords are checked; empty: the server's own way


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

    One that connects from another host has to use TLS.
    """

    name: str
    layer: str
    server: Server
    database: str
    secret: Secret
    host: str = "localhost"  # from which it connects: an address

    @property
    def key(self) -> str:
        return f"database-user:{self.name}@{self.host}"

    @property
    def remote(self) -> bool:
        return self.host != "localhost"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A quoted SQL string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _pattern(database: str) -> str:
    """In GRANT, `_` and `%` of a database name are wildcards."""
    return database.replace("_", "\\_").replace("%", "\\%")


def probe(databases: Sequence[Database], users: Sequence[DatabaseUser]) -> str:
    """Shell that prints `db`, `user`, `tls`, `grant` and `login` rows, or `down` where nothing answers."""
    if not databases:
        return ":"
    server = databases[0].server
    names = ", ".join(literal(database.name) for database in databases)
    accounts = ", ".join(literal(user.name) for user in users) or "''"
    granted = ", ".join(f"{name}_priv" for name in _PRIVILEGES)
    sql = (
        f"SELECT 'db', schema_name FROM information_schema.schemata WHERE schema_name IN ({names});\n"  # noqa: S608
        f"SELECT 'user', User, Host FROM mysql.user WHERE User IN ({accounts});\n"
        f"SELECT 'tls', User, Host FROM mysql.user WHERE User IN ({accounts}) AND ssl_type <> '';\n"
        f"SELECT 'grant', User, Host, Db, CONCAT({granted}) FROM mysql.db WHERE User IN ({accounts});\n"
    )
    logins = "\n".join(["( :", *(_fits(user) if user.remote else _login(user) for user in users), ") > logins &"])
    # Beside the query, because to start a client takes longer than what it asks; one at a time, because the server
    # may allow few connections.
    return (
        f"[ -S {quote(server.socket)} ] || {{ echo down; exit 0; }}\n"
        f"{logins}\nprintf %s {quote(sql)} | {server.client} --raw 2>&1 || echo down\nwait; cat logins"
    )


def _login(user: DatabaseUser) -> str:
    """Does the password in the secret's file open the door, as PHP tries it: by the socket, without TLS?

    The option file lives in the batch's directory.
    """
    options = quote(f"login-{user.name}")
    lines = r"[client]\nuser=%s\npassword=%s\nsocket=%s\n%s\n"
    return (
        f"[ ! -e {quote(user.secret.path)} ] || {{ printf {quote(lines)}"
        f' {quote(user.name)} "$({user.secret.read})" {quote(user.server.socket)}'
        f" {quote(user.server.plain)} > {options}\n"
        f"{user.server.login} --defaults-file={options} --batch -e 'SELECT 1' >/dev/null 2>&1"
        f" && printf 'login\\t%s\\tlocalhost\\n' {quote(user.name)}; rm -f {options}; }}"
    )


def _fits(user: DatabaseUser) -> str:
    """Would the password in the secret's file open the door from that other host? What the server keeps of it tells."""
    sql = f"{_MYSQL_FITS if user.server.plugin else _MARIADB_FITS} AND {_is(user)};"
    return (
        f"[ ! -e {quote(user.secret.path)} ]"
        f' || printf {quote(sql)} "$({user.secret.read})" | {user.server.client} --raw 2>/dev/null'
    )


def _is(user: DatabaseUser) -> str:
    return f"User = {literal(user.name)} AND Host = {literal(user.host)}"


_MARIADB_FITS = (
    "SELECT 'login', User, Host FROM mysql.global_priv WHERE JSON_VALUE(Priv, '$.plugin') = 'mysql_native_password'"
    " AND JSON_VALUE(Priv, '$.authentication_string') = PASSWORD('%s')"
    " AND COALESCE(JSON_VALUE(Priv, '$.account_locked'), '0') IN ('0', 'false')"
    " AND COALESCE(JSON_VALUE(Priv, '$.password_last_changed'), '1') <> '0'"
)
# MySQL's sum of a password can't be made again. So an account is marked, when its password is set, with a sum of both.
_SUM = "SHA2(CONCAT(authentication_string, '%s'), 256)"
_MYSQL_FITS = (
    "SELECT 'login', User, Host FROM mysql.user WHERE plugin = 'caching_sha2_password' AND account_locked = 'N'"  # noqa: S608
    f" AND password_expired = 'N' AND User_attributes->>'$.metadata.lampctl' = {_SUM}"
)


def _mark(user: DatabaseUser) -> str:
    """SQL with a %s for the password."""
    alter = "'ALTER USER ', QUOTE(User), '@', QUOTE(Host), ' ATTRIBUTE ', QUOTE(JSON_OBJECT('lampctl', " + _SUM + "))"
    query = f"SELECT CONCAT({alter}) FROM mysql.user WHERE {_is(user)}"  # noqa: S608
    return f"SET @alter = ({query});\nPREPARE marking FROM @alter;\nEXECUTE marking;\n"


def parse(raw: str) -> dict[str, frozenset[str]]:
    """Key → what is known of it: databases {'exists'}, users of {'exists', 'login', 'tls', 'grant:DB'}."""
    states: dict[str, set[str]] = {}
    for line in raw.splitlines():
        match line.split("\t"):
            case ["down"]:
                states[SERVER] = {"down"}
            case ["db", name]:
                states.setdefault(f"database:{name}", set()).add("exists")
            case ["user", name, host]:
                states.setdefault(f"database-user:{name}@{host}", set()).add("exists")
            case ["tls" | "login" as fact, name, host]:
                states.setdefault(f"database-user:{name}@{host}", set()).add(fact)
            case ["grant", name, host, database, flags] if set(flags) == {"Y"}:
                states.setdefault(f"database-user:{name}@{host}", set()).add(f"grant:{database}")
    return {key: frozenset(facts) for key, facts in states.items()}


def recognized(items: Sequence[Database | DatabaseUser], states: States) -> frozenset[str]:
    """Keys that are lampctl's by what is there, should its list be lost.

    Its own secret opens the account, and that account has all rights on the database.
    """
    found: set[str] = set()
    for user in items:
        facts = _facts(states, user.key)
        if isinstance(user, DatabaseUser) and "login" in facts:
            found.add(user.key)
            if f"grant:{_pattern(user.database)}" in facts:
                found.add(f"database:{user.database}")
    return frozenset(found)


def _facts(states: States, key: str) -> frozenset[str]:
    state = states.get(key)
    return state if isinstance(state, frozenset) else frozenset()


def compare(
    item: Database | DatabaseUser,
    states: States,
    owned: frozenset[str],
    recognized: frozenset[str] = frozenset(),
    theirs: Mapping[str, str] = MappingProxyType({}),
) -> Change | Conflict | None:
    """The change; `owned` are the keys in lampctl's list, `recognized` those that are its by what is there.

    `theirs`: keys that only other playbooks made → the playbook. What the site's own secret opens is this same site's.
    """
    facts = _facts(states, item.key)
    noun = "database" if isinstance(item, Database) else "database user"
    if item.key in theirs and item.key not in recognized and ("exists" in facts or SERVER in states):
        return Conflict(
            item.key,
            f"the {noun} {item.name} belongs to the playbook {theirs[item.key]}; it was left alone",
            "give the site another one: sites: NAME: database: {name: …, user: …}",
        )
    if "exists" not in facts:
        return Change(item.key, item.layer, Action.CREATE)
    if item.key not in owned | recognized:
        return Conflict(
            item.key,
            f"the {noun} {item.name} exists and was not made by lampctl; it was left alone",
            "give the site another one: sites: NAME: database: {name: …, user: …}",
        )
    if item.key not in owned:
        return Change(item.key, item.layer, Action.UPDATE, "was lost from lampctl's list, and is put back on it\n")
    if isinstance(item, Database):
        return None
    missing = {"login", f"grant:{_pattern(item.database)}", *(["tls"] if item.remote else [])} - facts
    if not missing:
        return None
    if missing == {"tls"}:
        return Change(item.key, item.layer, Action.UPDATE, "may connect without TLS\n")
    why = "can't log in with the stored password" if "login" in missing else f"lacks rights on {item.database}"
    return Change(item.key, item.layer, Action.UPDATE, why + "\n")


def steps(items: Sequence[Database | DatabaseUser]) -> list[Step]:
    return [Step(f"{item.key.replace(':', ' ', 1)}", item.layer, _script(item)) for item in items]


def _script(item: Database | DatabaseUser) -> str:
    client = item.server.client
    if isinstance(item, Database):
        sql = f"CREATE DATABASE IF NOT EXISTS {identifier(item.name)} CHARACTER SET {item.charset};"
        return f"printf %s {quote(sql)} | {client}"
    account = f"{literal(item.name)}@{literal(item.host)}"
    require = "SSL" if item.remote else "NONE"
    grant = f"GRANT ALL ON {identifier(_pattern(item.database))}.* TO {account};"
    identified = f"IDENTIFIED WITH {item.server.plugin} BY" if item.server.plugin else "IDENTIFIED BY"
    # An account that is locked, or that has to use TLS, does not open with the right password either.
    # printf is a builtin: the password is on a pipe, never in a process's arguments.
    mark = f'printf {quote(_mark(item))} "$value"' if item.remote and item.server.plugin else ":"
    return (
        f'value=$({item.secret.read}); [ -n "$value" ]\n'
        f"{{ printf \"%s {identified} '%s';\\n%s {identified} '%s' REQUIRE {require} ACCOUNT UNLOCK;\\n%s\\n\""
        f' {quote(f"CREATE USER IF NOT EXISTS {account}")} "$value"'
        f' {quote(f"ALTER USER {account}")} "$value" {quote(grant)}; {mark}; }} | {client}'
    )
