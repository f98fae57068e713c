"""A database host: its server as other hosts reach it, and the accounts of their sites."""

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

_OWN = Certificate("@mysql", "mysql", (), signed=True)  # no site can have this name
AUTHORITY = _OWN.authority.certificate  # each client gets a copy


def accept_remote(context: Context, names: MysqlNames, service: Service) -> tuple[Service, tuple[Resource, ...]]:
    """The server as other hosts reach it, with its certificate, which systemd passes to it as a credential.

    The certificate is for the addresses at which sites reach the server: PHP verifies those.
    """
    reached = {str(client.database.address) for client in context.clients if client.database.address}
    certificate = replace(_OWN, names=tuple(dict.fromkeys((context.facts.hostname.lower(), *sorted(reached)))))
    drop_in = f"/etc/systemd/system/{names.unit}.d/lampctl.conf"
    credentials = File(drop_in, "mysql", "mysql/credentials.conf.j2", {"pair": certificate.pair})
    watch = (*service.watch, certificate.pair.certificate)
    service = replace(service, watch=watch, units=(*service.units, drop_in))
    return service, (Package("openssl", "mysql"), certificate, credentials)


def accounts(context: Context, server: Server, secret_of: Callable[[str], Secret]) -> Desired:
    """A database for each site of another host, and an account for each of its addresses."""
    total = Desired()
    for client in context.clients:
        secret, name, user = secret_of(client.site), str(client.database.name), str(client.database.user)
        users = [DatabaseUser(user, "mysql", server, name, secret, address) for address in client.addresses]
        check = Check(
            f"mysql.accounts@{client.site}", "mysql", Where.HOST, "which hosts can connect",
            f"{user} from {' and '.join(client.addresses) or 'no address'} only, over TLS",
            partial(_judge_accounts, client, server, tuple(u.key for u in users)), needs=("mysql.service",),
            undoable=False,
        )  # fmt: skip
        total += Desired(resources=(secret, Database(name, "mysql", server), *users), checks=(check,))
    return total


def _judge_accounts(client: Client, server: Server, wanted: tuple[str, ...], seen: Evidence) -> Verdict:
    accounts = seen.states.of_kind(DATABASES)
    for key in wanted:
        account, state = key.partition(":")[2], accounts.get(key, DatabaseState())
        if not state.exists:
            return failed(f"the account {account} does not exist", hint="lampctl deploy creates it")
        if not state.tls:
            return failed(f"{account} can connect without TLS", hint="lampctl deploy requires it")
        if not state.login:
            return failed(f"{account} has a different password or is locked", hint="lampctl deploy resets it")
    prefix = f"database-user:{client.database.user}@"
    others = sorted(key for key in accounts if key.startswith(prefix) and key not in (*wanted, f"{prefix}localhost"))
    if others and client.all:
        return _unexpected_accounts(client, server, [key.removeprefix(prefix) for key in others])
    more = f"; accounts of hosts outside this run: {len(others)}" if others else ""
    return passed(f"{client.database.user} from {' and '.join(client.addresses) or 'no address'} only, over TLS{more}")


def _unexpected_accounts(client: Client, server: Server, addresses: list[str]) -> Verdict:
    """lampctl does not revoke access: the account may belong to a site of another playbook."""
    user = str(client.database.user)
    accounts = ", ".join(f"{literal(user)}@{literal(address)}" for address in addresses)
    return failed(
        f"{user} can also connect from {' and '.join(addresses)}, where this playbook has no host",
        hint=f'if no site uses it any more, on {client.database.host}: {server.login} -e "DROP USER {accounts}"',
    )
