"""The database server, MariaDB or MySQL, and a database with its own user for each site that wants one."""

from __future__ import annotations

from lampctl.answers import whole
from lampctl.checks import Check, Evidence, LoginProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import accounts, engines, remote, sizing
from lampctl.layers.base import Context, Desired, Preflight, Validator
from lampctl.layers.services import service_check
from lampctl.platforms import MysqlNames
from lampctl.playbook.sites import DatabaseOptions
from lampctl.resources import Action, Database, DatabaseUser, File, Package, Resource, Secret, Server, Service


def mysql(context: Context) -> Desired:
    """The server, where this host has one; and the way to those on other hosts."""
    server = _server(context) if context.playbook.mysql else Desired()
    return server + remote.remote_databases(context, secret_of)


def _server(context: Context) -> Desired:
    names = context.mysql
    if names is None:
        return engines.missing(context)
    sandbox = f"/etc/systemd/system/{names.unit}.d/lampctl-sandbox.conf"
    service = _service(names, sandbox)
    more: tuple[Resource, ...] = ()
    if context.clients:
        service, more = accounts.listening(context, names, service)
    own = {site: database for site, database in context.playbook.databases.items() if not database.host}
    return Desired(
        resources=(
            Package(names.package, "mysql"),
            File(names.drop_in, "mysql", "mysql/server.cnf.j2", _values(context, names)),
            File(sandbox, "mysql", "mysql/sandbox.conf.j2", {}),
            *more,
            service,
            *(resource for site, database in own.items() for resource in _database(names, site, database)),
        ),
        checks=(
            service_check("mysql.service", "the database server runs", service),
            *(_login_check(site, database) for site, database in own.items()),
        ),
        validators=(Validator("mysql", names.test, names.root),),
        preflights=(Preflight("mysql.other", engines.probe(names), engines.judge(names)),),
    ) + accounts.accounts(context, _access(names), secret_of)


def _service(names: MysqlNames, sandbox: str) -> Service:
    return Service(
        names.unit,
        "mysql",
        watch=(names.drop_in,),
        on_change=Action.RESTART,
        sockets=(names.socket,),
        sandbox=(sandbox,),
        test=names.test,
    )


def _values(context: Context, names: MysqlNames) -> dict[str, object]:
    return {
        "names": names,
        "clients": bool(context.clients),
        "buffer_pool": sizing.buffer_pool(context.playbook, context.facts),
        "max_connections": sizing.max_connections(context.playbook, context.facts),
    }


def secret_of(site: str) -> Secret:
    """The password of a site's database; PHP gets it through the site's pool."""
    return Secret(site, "mysql")


def _access(names: MysqlNames) -> Server:
    return Server(names.client, names.socket, names.login, names.plain, names.plugin)


def _database(names: MysqlNames, site: str, database: DatabaseOptions) -> tuple[Resource, ...]:
    server, secret, name = _access(names), secret_of(site), str(database.name)
    return secret, Database(name, "mysql", server), DatabaseUser(str(database.user), "mysql", server, name, secret)


def _login_check(site: str, database: DatabaseOptions) -> Check:
    name, user = str(database.name), str(database.user)
    return Check(
        f"mysql.login@{site}",
        "mysql",
        Where.TUNNEL,
        f"{user} logs in, writes and reads back",
        f"{user} writes and reads in {name}",
        _judge_login,
        needs=("mysql.service",),
        probe=LoginProbe(user, name, secret_of(site).path),
    )


# 0: the password is not on the host.
_HINTS = engines.HINTS | {
    0: "lampctl deploy makes it; if another playbook was deployed here, name that one: -p FILE",
    1045: "the password in the database is not the stored one: lampctl deploy sets it",
    1114: "the disk or the table space is full",
    1130: "the server does not know 127.0.0.1 as localhost: take skip-name-resolve out of /etc/mysql",
    1820: "the password has expired: lampctl deploy sets it again",
    1698: "the account has another authentication plugin: lampctl deploy sets a password",
    2003: "nothing listens on 127.0.0.1:3306: look at bind-address and skip-networking in /etc/mysql",
    2013: "the server closed the connection: journalctl -u mariadb -u mysql",
}


def _judge_login(seen: Evidence) -> Verdict:
    """`seen.raw` is `ok VERSION`, or `CODE MESSAGE` as PyMySQL raised it."""
    if seen.error:
        return unknown(
            "could not be tried", seen.error, "sshd has to allow forwarding to 127.0.0.1 (AllowTcpForwarding)"
        )
    head, _, rest = seen.raw.partition(" ")
    if head == "ok":
        return passed(f"wrote a row and read it back, {rest}")
    code = whole(head)
    code = -1 if code is None else code
    return failed("login, write or read failed", f"{rest} (error {code})" if code > 0 else rest, _HINTS.get(code, ""))
