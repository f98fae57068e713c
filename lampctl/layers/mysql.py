"""The database server, MariaDB or MySQL, and a database with its own user for each site that wants one."""

from __future__ import annotations

from functools import partial

from lampctl.answers import parse_int
from lampctl.checks import Check, Evidence, LoginProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import accounts, engines, remote, renamed, shared, sizing
from lampctl.layers.base import Context, Desired, Preflight, Validator
from lampctl.layers.services import service_check
from lampctl.platforms import MysqlNames
from lampctl.playbook.sites import DatabaseOptions, SourcedSite
from lampctl.resources import Action, Database, DatabaseUser, File, Package, Resource, Secret, Server, Service


def mysql(context: Context) -> Desired:
    """The server, if this host has one; and the connections to servers on other hosts."""
    server = _server(context) if context.playbook.mysql else Desired()
    return server + remote.remote_databases(context, secret_of)


def _server(context: Context) -> Desired:
    names = context.mysql
    if names is None:
        return engines.unsupported_engine(context)
    sandbox = f"/etc/systemd/system/{names.unit}.d/lampctl-sandbox.conf"
    service = _service(names, sandbox)
    more: tuple[Resource, ...] = ()
    if context.clients:
        service, more = accounts.accept_remote(context, names, service)
    own = {site: database for site, database in context.playbook.databases.items() if not database.host}
    return Desired(
        resources=(
            Package(names.package, "mysql"),
            File(names.drop_in, "mysql", "mysql/server.cnf.j2", _values(context, names)),
            File(sandbox, "mysql", "mysql/sandbox.conf.j2", {}),
            *more,
            service,
            *(resource for site, database in own.items() for resource in _database(context, names, site, database)),
        ),
        checks=(
            service_check("mysql.service", "the database server runs", service),
            *(_login_check(names, site, database) for site, database in own.items()),
        ),
        validators=(Validator("mysql", names.test, names.root),),
        preflights=(
            Preflight("mysql.other", engines.probe(names), engines.judge(names)),
            shared.settings_preflight(context, names),
        ),
    ) + _further(context, names, list(own))


def _further(context: Context, names: MysqlNames, sites: list[str]) -> Desired:
    """The accounts of sites on other hosts, and the databases of sites that had another name."""
    total = accounts.accounts(context, _access(names), secret_of)
    for site in sites:
        total += renamed.tables(context, names, site)
    return total


def _service(names: MysqlNames, sandbox: str) -> Service:
    return Service(
        names.unit,
        "mysql",
        watch=(names.drop_in,),
        on_change=Action.RESTART,
        sockets=(names.socket,),
        rights="777 ",  # every user connects, and logs in with a password
        sandbox=(sandbox,),
        test=names.test,
        outage="for 2 to 4 s, sites that use it answer with errors",
    )


def _values(context: Context, names: MysqlNames) -> dict[str, object]:
    return {
        "names": names,
        "clients": bool(context.clients),
        "bind_address": _bind_address(context),
        "buffer_pool": sizing.buffer_pool(context.playbook, context.facts),
        "max_connections": sizing.max_connections(context.playbook, context.facts),
    }


def _bind_address(context: Context) -> str:
    """Where the server listens, if the playbook says so. Logins through SSH tunnels need 127.0.0.1 as well."""
    address = (context.playbook.mysql and context.playbook.mysql.bind_address) or ""
    covered = not address or address.startswith(("127.", "::")) or not address.strip("0.")
    return address if covered else f"127.0.0.1,{address}"


def secret_of(site: str) -> Secret:
    """The password of a site's database; PHP gets it through the site's pool."""
    return Secret(site, "mysql")


def _access(names: MysqlNames) -> Server:
    return Server(names.client, names.socket, names.login, names.plain, names.plugin, names.unit)


def _database(context: Context, names: MysqlNames, site: str, database: DatabaseOptions) -> tuple[Resource, ...]:
    server, secret, name = _access(names), secret_of(site), str(database.name)
    options = context.playbook.sites[site]
    early = isinstance(options, SourcedSite) and bool(options.hooks.before_switch)
    user = DatabaseUser(str(database.user), "mysql", server, name, secret, early=early)
    return secret, Database(name, "mysql", server, early=early), user


def _login_check(names: MysqlNames, site: str, database: DatabaseOptions) -> Check:
    name, user = str(database.name), str(database.user)
    return Check(
        f"mysql.login@{site}",
        "mysql",
        Where.TUNNEL,
        f"{user} logs in, writes and reads back",
        f"{user} writes and reads in {name}",
        partial(_judge_login, names.login),
        needs=("mysql.service",),
        probe=LoginProbe(user, name, secret_of(site).path),
    )


_SLOW = -2  # no answer in time
# 0: the password is not on the host. CLIENT: the program that logs in as root.
_HINTS = engines.HINTS | {
    0: "lampctl deploy creates it; if another playbook was deployed here, use that one: -p FILE",
    1040: "max_connections is reached: CLIENT -e 'SHOW PROCESSLIST' shows who; mysql: {max_connections: N} raises it",
    1045: "the database has a different password than the stored one: lampctl deploy sets it",
    1114: "the disk or the table space is full: df -h",
    1205: "a lock is held: CLIENT -e 'SHOW PROCESSLIST' shows by whom",
    1290: "the server is read-only: CLIENT -e 'SET GLOBAL read_only = 0', if nothing else wants it so",
    1836: "the server is read-only: CLIENT -e 'SET GLOBAL read_only = 0', if nothing else wants it so",
    1130: "the server does not resolve 127.0.0.1 to localhost: remove skip-name-resolve from /etc/mysql",
    1820: "the password has expired: lampctl deploy sets it again",
    1698: "the account uses another authentication plugin: lampctl deploy sets a password",
    2003: "nothing listens on 127.0.0.1:3306: grep -rnE 'skip.networking|bind.address' /etc/mysql shows why",
    2013: "the server closed the connection: journalctl -u mariadb -u mysql",
    _SLOW: "something holds a lock, or the server is overloaded: CLIENT -e 'SHOW PROCESSLIST' shows what it does",
}


def _judge_login(client: str, seen: Evidence) -> Verdict:
    """`seen.raw` is `ok VERSION`, or `CODE MESSAGE` as PyMySQL raised it."""
    if seen.error:
        return unknown("could not be tried", seen.error, "sshd must allow forwarding to 127.0.0.1 (AllowTcpForwarding)")
    head, _, rest = seen.raw.partition(" ")
    if head == "ok":
        return passed(f"wrote a row and read it back, {rest}")
    code = parse_int(head)
    code = -1 if code is None else code
    hint = _HINTS.get(_SLOW if code == 2013 and "no answer within" in rest else code, "").replace("CLIENT", client)
    return failed("login, write or read failed", f"{rest} (error {code})" if code > 0 else rest, hint)
