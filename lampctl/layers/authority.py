"""The certificate authority by which a site verifies its database server on another host."""

from __future__ import annotations

from lampctl.playbook import database_of
from lampctl.playbook.sites import PooledSite

COPIES = "/etc/ssl/lampctl"  # readable by every user


def authority_of(site: str) -> str:
    """The path of the authority's certificate, by which a site verifies its database server."""
    return f"{COPIES}/{site}.pem"


def authority_ini(site: str, options: PooledSite) -> dict[str, str]:
    """The php.ini settings of a program that can't use a separate authority for its database.

    `cafile` replaces the system's bundle of authorities, so `capath` names the system's directory of them.
    """
    database = database_of(site, options)
    if options.verifies or not database or not database.host:
        return {}
    return {"openssl.cafile": authority_of(site), "openssl.capath": "/etc/ssl/certs"}
