"""SQL on a host, through the server's Unix socket as root: the queries and statements of databases and accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.resources.secret import Secret
from lampctl.resources.shell import quote, script, words

# The privileges of GRANT ALL on a database, in MariaDB and in MySQL.
_PRIVILEGES = (
    *("Select", "Insert", "Update", "Delete", "Create", "Drop", "References", "Index", "Alter", "Event", "Trigger"),
    *("Create_tmp_table", "Lock_tables", "Create_view", "Show_view", "Create_routine", "Alter_routine", "Execute"),
)


@dataclass(frozen=True)
class Server:
    """Access to the database server on the host."""

    client: str  # shell command: logs in as root through the socket and reads SQL on stdin
    socket: str
    login: str  # shell command of a client that takes --defaults-file
    plain: str  # line of that file that turns TLS off, which only the network needs
    plugin: str = ""  # authentication plugin; empty: the server's default
    unit: str = ""  # of systemd


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
    """A database name as a pattern of GRANT, in which `_` and `%` are wildcards."""
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
    logins = "\n".join([":", *(_compare(user) if user.remote else _try(user) for user in users)])
    return f"{script('database/logins')}logins() {{\n{logins}\n}}\n" + script(
        "database/look", socket=server.socket, query=sql, client=server.client
    )


def _try(user: Account) -> str:
    """Shell that tests whether the stored password opens the account."""
    server = user.server
    return words(
        ["try_login", user.name, user.secret.path, user.secret.read, server.socket, server.plain, server.login]
    )


def _compare(user: Account) -> str:
    """Shell that tests whether the stored password would open the account from another host."""
    sql = f"{_MYSQL_FITS if user.server.plugin else _MARIADB_FITS} AND {_where(user)};"
    return words(["compare_password", user.name, user.secret.path, user.secret.read, sql, user.server.client])


def _where(user: Account) -> str:
    return f"User = {literal(user.name)} AND Host = {literal(user.host)}"


_MARIADB_FITS = (
    "SELECT 'login', User, Host FROM mysql.global_priv WHERE JSON_VALUE(Priv, '$.plugin') = 'mysql_native_password'"
    " AND JSON_VALUE(Priv, '$.authentication_string') = PASSWORD('%s')"
    " AND COALESCE(JSON_VALUE(Priv, '$.account_locked'), '0') IN ('0', 'false')"
    " AND COALESCE(JSON_VALUE(Priv, '$.password_last_changed'), '1') <> '0'"
)
# MySQL's hash of a password can't be recomputed. So an account gets a mark with its password: a hash of both.
_SUM = "SHA2(CONCAT(authentication_string, '%s'), 256)"
_MYSQL_FITS = (
    "SELECT 'login', User, Host FROM mysql.user WHERE plugin = 'caching_sha2_password' AND account_locked = 'N'"  # noqa: S608
    f" AND password_expired = 'N' AND User_attributes->>'$.metadata.lampctl' = {_SUM}"
)


def _mark(user: Account) -> str:
    """SQL that marks an account, with a %s for the password."""
    alter = "'ALTER USER ', QUOTE(User), '@', QUOTE(Host), ' ATTRIBUTE ', QUOTE(JSON_OBJECT('lampctl', " + _SUM + "))"
    query = f"SELECT CONCAT({alter}) FROM mysql.user WHERE {_where(user)}"  # noqa: S608
    return f"SET @alter = ({query});\nPREPARE marking FROM @alter;\nEXECUTE marking;\n"


def create_database(server: Server, name: str, charset: str) -> str:
    """Shell that creates a database, unless it exists."""
    query = f"CREATE DATABASE IF NOT EXISTS {identifier(name)} CHARACTER SET {charset};"
    return f"printf %s {quote(query)} | {server.client}"


def create_account(user: Account) -> str:
    """Shell that creates an account, or resets its password and its rights on its database."""
    account = f"{literal(user.name)}@{literal(user.host)}"
    plugin = user.server.plugin
    return script(
        "database/account",
        read=user.secret.read,
        create=f"CREATE USER IF NOT EXISTS {account}",
        alter=f"ALTER USER {account}",
        identified=f"IDENTIFIED WITH {plugin} BY" if plugin else "IDENTIFIED BY",
        require="SSL" if user.remote else "NONE",
        grant=f"GRANT ALL ON {identifier(pattern(user.database))}.* TO {account};",
        mark=_mark(user) if user.remote and plugin else "",
        client=user.server.client,
    )
