"""One playbook for several hosts: what of it is a database host's, and what is left for the host of the sites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lampctl.playbook.load import Client, Loaded
from lampctl.playbook.sites import DatabaseOptions, SiteBase, WordpressSite, WorkingSite


def database_hosts(loaded: Loaded) -> tuple[str, ...]:
    """The hosts that sites name for their databases, each once."""
    return tuple(dict.fromkeys(str(database.host) for database in remote(loaded).values()))


def of_databases(loaded: Loaded, host: str, reached: str, addresses: Sequence[str], complete: bool) -> Loaded:
    """What `host` has: the database server, `reached` by sites that connect from `addresses`."""
    clients = [
        Client(site, _at(database, reached), tuple(addresses), complete)
        for site, database in remote(loaded).items()
        if database.host == host
    ]
    playbook = loaded.playbook.model_copy(update={"web": None, "php": None, "sites": {}})
    # Under names of its own: if both are one host, neither removes what the other created.
    name, id = f"{loaded.name}-databases", f"{loaded.id}-databases" if loaded.id else ""
    return replace(loaded, name=name, id=id, playbook=playbook, sources={}, clients=tuple(clients))


def of_sites(loaded: Loaded, addresses: Mapping[str, str]) -> Loaded:
    """What a host of the sites has. `addresses`: where it reaches each host of databases."""
    playbook, far = loaded.playbook, remote(loaded)
    sites = dict(playbook.sites)
    for name, database in far.items():
        sites[name] = sites[name].model_copy(update={"database": _at(database, addresses.get(str(database.host), ""))})
    own = len(playbook.databases) > len(far)
    server = playbook.mysql if own or not far else None
    return replace(loaded, playbook=playbook.model_copy(update={"sites": sites, "mysql": server}))


def without_schedules(loaded: Loaded) -> Loaded:
    """What a host has if another one runs the schedules; those with `each: true` stay.

    So does the cron of a WordPress whose database is the host's own.
    """
    sites: dict[str, SiteBase] = {}
    far = remote(loaded)
    for name, site in loaded.playbook.sites.items():
        if isinstance(site, WorkingSite):
            kept = {one: it for one, it in site.schedule.items() if it.each}
            sites[name] = site.model_copy(update={"schedule": kept})
        elif isinstance(site, WordpressSite) and name in far:
            sites[name] = site.model_copy(update={"cron": False})
        else:
            sites[name] = site
    return replace(loaded, playbook=loaded.playbook.model_copy(update={"sites": sites}))


def _at(database: DatabaseOptions, reached: str) -> DatabaseOptions:
    return database.model_copy(update={"address": database.address or reached})


def remote(loaded: Loaded) -> dict[str, DatabaseOptions]:
    """Site → its database, of those that are on another host."""
    return {site: database for site, database in loaded.playbook.databases.items() if database.host}
