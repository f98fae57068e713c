"""The authority by which a site verifies the server of its database, where that is on another host."""

from __future__ import annotations

from lampctl.playbook import database_of
from lampctl.playbook.sites import PooledSite

COPIES = "/etc/ssl/lampctl"  # which every user may read


def authority_of(site: str) -> str:
    """The path of the authority by which a site verifies the server of its database."""
    return f"{COPIES}/{site}.pem"


def trust(site: str, options: PooledSite) -> dict[str, str]:
    """The php.ini of a program that can't be told of an authority for its database alone.

    `cafile` takes the place of the system's file of authorities, so `capath` names its folder of them.
    """
    database = database_of(site, options)
    if options.verifies or not database or not database.host:
        return {}
    return {"openssl.cafile": authority_of(site), "openssl.capath": "/etc/ssl/certs"}
