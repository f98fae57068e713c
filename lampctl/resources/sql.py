"""SQL on a host: how a database and its accounts are looked at and made, over the server's Unix socket as root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources.secret import Secret
from lampctl.resources.shell import quote

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
class Account:
    """One account of the server: who connects, from where, with which password and to which database."""

    name: str
    host: str
    database: str
    secret: Secret
    server: Server

    @property
    def remote(self) -> bool:
        return self.host != "localhost"


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A quoted SQL string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def pattern(database: str) -> str:
    """In GRANT, `_` and `%` of a database name are wildcards."""
    return database.replace("_", "\\_").replace("%", "\\%")


def look(server: Server, databases: Sequence[str], users: Sequence[Account]) -> str:
    """Shell that prints `db`, `user`, `tls`, `grant` and `login` rows, or `down` if nothing answers."""
    names = ", ".join(literal(name) for name in databases)
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


def _login(user: Account) -> str:
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


def _fits(user: Account) -> str:
    """Would the password in the secret's file open the door from that other host? What the server keeps of it tells."""
    sql = f"{_MYSQL_FITS if user.server.plugin else _MARIADB_FITS} AND {_is(user)};"
    return (
        f"[ ! -e {quote(user.secret.path)} ]"
        f' || printf {quote(sql)} "$({user.secret.read})" | {user.server.client} --raw 2>/dev/null'
    )


def _is(user: Account) -> str:
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


def _mark(user: Account) -> str:
    """SQL with a %s for the password."""
    alter = "'ALTER USER ', QUOTE(User), '@', QUOTE(Host), ' ATTRIBUTE ', QUOTE(JSON_OBJECT('lampctl', " + _SUM + "))"
    query = f"SELECT CONCAT({alter}) FROM mysql.user WHERE {_is(user)}"  # noqa: S608
    return f"SET @alter = ({query});\nPREPARE marking FROM @alter;\nEXECUTE marking;\n"


def create_database(server: Server, name: str, charset: str) -> str:
    """Shell that makes a database; one that exists stays as it is."""
    query = f"CREATE DATABASE IF NOT EXISTS {identifier(name)} CHARACTER SET {charset};"
    return f"printf %s {quote(query)} | {server.client}"


def create_account(user: Account) -> str:
    """Shell that makes an account, or gives it the password of its secret and all rights on its database again."""
    account = f"{literal(user.name)}@{literal(user.host)}"
    require = "SSL" if user.remote else "NONE"
    grant = f"GRANT ALL ON {identifier(pattern(user.database))}.* TO {account};"
    identified = f"IDENTIFIED WITH {user.server.plugin} BY" if user.server.plugin else "IDENTIFIED BY"
    # An account that is locked, or that has to use TLS, does not open with the right password either.
    # printf is a builtin: the password is on a pipe, never in a process's arguments.
    mark = f'printf {quote(_mark(user))} "$value"' if user.remote and user.server.plugin else ":"
    return (
        f'value=$({user.secret.read}); [ -n "$value" ]\n'
        f"{{ printf \"%s {identified} '%s';\\n%s {identified} '%s' REQUIRE {require} ACCOUNT UNLOCK;\\n%s\\n\""
        f' {quote(f"CREATE USER IF NOT EXISTS {account}")} "$value"'
        f' {quote(f"ALTER USER {account}")} "$value" {quote(grant)}; {mark}; }} | {user.server.client}'
    )
