"""A host of databases: the server as other hosts reach it, and the accounts of their sites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lampctl.checks import Check, Evidence, Verdict, Where, failed, passed
from lampctl.layers.base import Context, Desired
from lampctl.platforms import MysqlNames
from lampctl.playbook import Client
from lampctl.resources import (
    Certificate,
    Database,
    DatabaseUser,
    File,
    Package,
    Resource,
    Secret,
    Server,
    Service,
)
from lampctl.resources.database import DATABASES, DatabaseState
from lampctl.resources.sql import literal

_OWN = Certificate("@mysql", "mysql", (), signed=True)  # no site is called so
AUTHORITY = _OWN.authority.certificate  # each client gets a copy


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
