"""A database on another host than the site's: both ends of the wire, and the checks that cross it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lampctl.answers import mapping, whole
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers.base import Context, Desired
from lampctl.layers.versions import php_of
from lampctl.platforms import MysqlNames
from lampctl.playbook import Client, database_of, user_of
from lampctl.playbook.sites import DatabaseOptions, PooledSite
from lampctl.resources import (
    Certificate,
    Database,
    DatabaseUser,
    Directory,
    File,
    Package,
    Resource,
    Secret,
    Server,
    Service,
)
from lampctl.resources.database import DATABASES, DatabaseState
from lampctl.resources.shell import script
from lampctl.resources.sql import literal

PORT = 3306
_OWN = Certificate("@mysql", "mysql", (), signed=True)  # no site is called so
AUTHORITY = _OWN.authority.certificate  # on a host of databases; each of its clients gets a copy
_COPIES = "/etc/ssl/lampctl"  # which every user may read


def listening(context: Context, names: MysqlNames, service: Service) -> tuple[Service, tuple[Resource, ...]]:
    """The server as other hosts need it, and what it needs for that: a certificate, which systemd hands to it.

    It is for the addresses at which sites reach it, as that is what PHP compares.
    """
    reached = {str(client.database.address) for client in context.clients if client.database.address}
    certificate = replace(_OWN, names=tuple(dict.fromkeys((context.facts.hostname.lower(), *sorted(reached)))))
    drop_in = f"/etc/systemd/system/{names.unit}.d/lampctl.conf"
    credentials = File(drop_in, "mysql", "mysql/credentials.conf.j2", {"pair": certificate.pair})
    watch = (*service.watch, certificate.pair.certificate)
    service = replace(service, watch=watch, units=(*service.units, drop_in))
    return service, (Package("openssl", "mysql"), certificate, credentials)


def accounts(context: Context, server: Server, secret_of: Callable[[str], Secret]) -> Desired:
    """Of a host of databases: one for each site of other hosts, and an account for each address."""
    total = Desired()
    for client in context.clients:
        secret, name, user = secret_of(client.site), str(client.database.name), str(client.database.user)
        users = [DatabaseUser(user, "mysql", server, name, secret, address) for address in client.addresses]
        check = Check(
            f"mysql.accounts@{client.site}", "mysql", Where.HOST, "who may connect from another host",
            f"{user} at {' and '.join(client.addresses) or 'no address'} alone, by TLS",
            partial(_judge_accounts, client, server, tuple(u.key for u in users)), needs=("mysql.service",),
            undoable=False,
        )  # fmt: skip
        total += Desired(resources=(secret, Database(name, "mysql", server), *users), checks=(check,))
    return total


def _judge_accounts(client: Client, server: Server, wanted: tuple[str, ...], seen: Evidence) -> Verdict:
    accounts = seen.states.of(DATABASES)
    for key in wanted:
        account, state = key.partition(":")[2], accounts.get(key, DatabaseState())
        if not state.exists:
            return failed(f"there is no account {account}", hint="lampctl deploy makes it")
        if not state.tls:
            return failed(f"{account} may connect without TLS", hint="lampctl deploy demands it")
        if not state.login:
            return failed(f"{account} has another password, or is locked", hint="lampctl deploy sets it again")
    prefix = f"database-user:{client.database.user}@"
    others = sorted(key for key in accounts if key.startswith(prefix) and key not in (*wanted, f"{prefix}localhost"))
    if others and client.all:
        return _one_too_many(client, server, [key.removeprefix(prefix) for key in others])
    more = f"; and {len(others)} more, of hosts that this run is not for" if others else ""
    return passed(f"{client.database.user} at {' and '.join(client.addresses) or 'no address'} alone, by TLS{more}")


def _one_too_many(client: Client, server: Server, addresses: list[str]) -> Verdict:
    """Rights are the user's to take away: what has an account may be a site that another playbook knows of."""
    user = str(client.database.user)
    accounts = ", ".join(f"{literal(user)}@{literal(address)}" for address in addresses)
    return failed(
        f"{user} may connect from {' and '.join(addresses)} too, where this playbook has no host",
        hint=f'if no site is there any more, on {client.database.host}: {server.login} -e "DROP USER {accounts}"',
    )


def ways(context: Context, secret_of: Callable[[str], Secret]) -> Desired:
    """Of a host of sites: their passwords, which were made on the other host, and the way there, hop by hop."""
    total = Desired()
    for site, database in context.playbook.databases.items():
        if database.host:
            secret = replace(secret_of(site), given=True)
            resources = (secret, Directory(_COPIES, "mysql"), _copy(context, site, database))
            total += Desired(resources=resources, checks=_chain(context, site, database, secret))
    return total


def authority_of(site: str) -> str:
    """The path of the authority by which a site verifies the server of its database."""
    return f"{_COPIES}/{site}.pem"


def _copy(context: Context, site: str, database: DatabaseOptions) -> File:
    """What is there stays, where the other host has not said what it should be."""
    known = context.authorities.get(site, "")
    values = {"host": database.host, "authority": known}
    return File(authority_of(site), "mysql", "mysql/authority.pem.j2", values, seed=not known)


def trust(site: str, options: PooledSite) -> dict[str, str]:
    """The php.ini of a program that can't be told of an authority for its database alone.

    `cafile` takes the place of the system's file of authorities, so `capath` names its folder of them.
    """
    database = database_of(site, options)
    if options.verifies or not database or not database.host:
        return {}
    return {"openssl.cafile": authority_of(site), "openssl.capath": "/etc/ssl/certs"}


def _chain(context: Context, site: str, database: DatabaseOptions, secret: Secret) -> tuple[Check, ...]:
    where = f"{database.address}:{PORT}"
    given = [str(database.address), str(PORT), str(database.user), str(database.name), authority_of(site)]
    program = [php_of(context, site).cli, "--", *given]
    ask = script("database/as-site", account=user_of(site), secret=secret.path, program=program)

    def hop(id: str, title: str, expected: str, judge: Callable[[Evidence], Verdict], needs: str) -> Check:
        id, probe = f"mysql.{id}@{site}", HostProbe(ask)
        return Check(id, "mysql", Where.HOST, title, expected, judge, (needs,), probe, undoable=False)

    return (
        hop("reach", f"{database.host} is reached from here", f"a connection to {where}",
            partial(_judge_reach, database), "linux.ssh"),
        hop("tls", "the wire is encrypted, and leads to the right server",
            f"TLS with {where}, by a certificate of {database.host}", partial(_judge_tls, site, database),
            f"mysql.reach@{site}"),
        hop("login", f"{database.user} logs in, writes and reads back",
            f"{database.user} writes and reads in {database.name} on {database.host}",
            partial(_judge_login, database), f"mysql.tls@{site}"),
    )  # fmt: skip


_ANSWERED = {"reach", "tls", "login"}


def _answer(seen: Evidence) -> dict[str, str] | Verdict:
    """What database.php found: why not, in `reach`, `tls` and `login`; `cipher`, `user`, `version`, `ms`.

    Where a certificate is not taken, `shown` is which; `whose` is `ours`, `other`, or `unknown` without an authority.
    """
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = mapping(seen.raw)
    if found is None or not found.keys() >= _ANSWERED:
        return failed(
            "PHP could not try it", seen.raw[:500], "apt-get install php-mysql; php.extensions names it: mysql"
        )
    return defaultdict(str, {key: str(value) for key, value in found.items()})


def _judge_reach(database: DatabaseOptions, seen: Evidence) -> Verdict:
    found = _answer(seen)
    if isinstance(found, Verdict):
        return found
    if not found["reach"]:
        return passed(f"connected to {database.address}:{PORT} in {found['ms']} ms")
    hint = f"does the server run on {database.host}, and does a firewall let this host through?"
    return failed(f"{database.host} can't be reached at {database.address}:{PORT}", found["reach"], hint)


def _judge_tls(site: str, database: DatabaseOptions, seen: Evidence) -> Verdict:
    found = _answer(seen)
    if isinstance(found, Verdict):
        return found
    if not found["tls"]:
        return passed(found["cipher"] or "TLS was agreed on before the login")
    actual, hint = {
        "other": (f"{database.address} shows somebody else's certificate, not {database.host}'s",
                  f"lampctl deploy asks {database.host} anew; if that does not help, the address leads to another "
                  f"server, or a file in /etc/mysql of {database.host} names another certificate"),
        "ours": (f"the certificate of {database.host} does not fit {database.address}",
                 "lampctl deploy makes one that does"),
        "unknown": (f"{authority_of(site)}, by which {database.host} is verified, can't be read",
                    "lampctl deploy brings it"),
    }.get(found["whose"], (f"{database.host} speaks no TLS", "lampctl deploy gives it a certificate"))  # fmt: skip
    return failed(actual, f"{found['shown']}\n{found['tls']}", hint)


# The server's error numbers → what to do about them, wherever it is.
HINTS = {
    1044: "the account lacks rights on the database: lampctl deploy grants them",
    1049: "the database is missing: lampctl deploy creates it",
    1142: "the account lacks rights on the database: lampctl deploy grants them",
    3118: "the account is locked: lampctl deploy unlocks it",
    4151: "the account is locked: lampctl deploy unlocks it",
}
_HINTS = HINTS | {
    1045: "the password here is not the one there, or that host knows no such account: lampctl deploy",
    1129: "it had too many failed connections from here: mariadb-admin flush-hosts",
    1130: "no account is for the address that it sees: database: {address: …} if it is not the one meant",
}


def _judge_login(database: DatabaseOptions, seen: Evidence) -> Verdict:
    found = _answer(seen)
    if isinstance(found, Verdict):
        return found
    if found["login"]:
        code, _, text = found["login"].partition(" ")
        hint = _HINTS.get(whole(code) or 0, "")
        return failed(f"login, write or read on {database.host} failed", f"{text} (error {code})", hint)
    return passed(f"wrote a row and read it back as {found['user']}, {found['version']}")
