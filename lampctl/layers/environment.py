"""The environment of a site's code: composed on the host by root before a unit starts, from the site's file and from
secrets. It is on no disk but as these parts; systemd reads it from /run, where only root can.

A unit of its own composes it: what root runs in the units of a site's code would have their environment, PATH and
LD_PRELOAD included.
"""

from __future__ import annotations

from dataclasses import dataclass

from lampctl.layers import mail
from lampctl.layers.authority import authority_of
from lampctl.layers.base import Context
from lampctl.layers.tenant import hosts_of
from lampctl.playbook import database_of
from lampctl.playbook.sites import DatabaseOptions, SiteBase, answered, redirected
from lampctl.playbook.sites.environment import (
    DATABASE_URL,
    Supplied,
    VariableOptions,
    WithEnvironment,
    in_order,
    pieces,
)
from lampctl.playbook.sites.names import shortened
from lampctl.resources import File, Resource, Secret, SuppliedSecret
from lampctl.resources.shell import quote

PORT = 3306


@dataclass(frozen=True)
class Environment:
    """What a site's units get.

    Attributes:
        names: The variables.
        unit: What composes it; empty if there are no variables.
        path: The program of that unit.
        secrets: The passwords that it reads.
        unbuilt: Variables that builds do not get.
        hosts: Whether it composes what the site has as /etc/hosts, too.
    """

    names: tuple[str, ...] = ()
    unit: str = ""
    path: str = ""
    files: tuple[File, ...] = ()
    secrets: tuple[Secret, ...] = ()
    unbuilt: frozenset[str] = frozenset()
    hosts: bool = False

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Its own; the database declares its password itself."""
        return (*(secret for secret in self.secrets if secret.layer == "site"), *self.files)

    @property
    def watched(self) -> tuple[str, ...]:
        """Paths that a unit has to be restarted for."""
        hosts = ("/etc/hosts",) if self.hosts else ()
        return (self.path, *(secret.path for secret in self.secrets), *hosts) if self.path else ()


def secret_name(site: str, variable: str) -> str:
    """No site's name has an @."""
    return f"env@{site}@{variable}"


def environment(context: Context, site: str) -> Environment:
    """The environment of a site; without variables for a site whose type has none."""
    options = context.playbook.sites[site]
    if not isinstance(options, WithEnvironment):
        return Environment()
    database = database_of(site, options)
    entries = {**(_of_database(context, site, database) if database else {}), **options.variables}
    secrets = _secrets(site, options, database)
    texts = {name: entry.value for name, entry in entries.items() if entry.value is not None}
    texts = {**mail.variables(site, options), **texts, **options.own_variables(site)}
    names = (*secrets, *(name for name in in_order(texts) if name not in secrets))
    if not names:
        return Environment()
    path, unit = f"/etc/lampctl/environment/{site}", f"lampctl-environment-{shortened(site, 200)}.service"
    values = {
        "site": site,
        "path": path,
        "secrets": {variable: secret.path for variable, secret in secrets.items()},
        "texts": {name: _composed(texts[name]) for name in names if name not in secrets},
        "names": names,
        "hosts": _hosts(site, options),
    }
    files = (
        File(path, "site", "unit/environment.sh.j2", values, mode=0o600, private=True),
        File(f"/etc/systemd/system/{unit}", "site", "unit/environment.service.j2", values),
    )
    unbuilt = frozenset(name for name, entry in options.variables.items() if not entry.build)
    return Environment(names, unit, path, files, tuple(secrets.values()), unbuilt, options.calls_itself)


def _hosts(site: str, options: SiteBase) -> dict[str, object] | None:
    """Its file for /etc/hosts, and the names in it that lead to this host; None if it sees the host's own."""
    names = (*answered(site, options), *redirected(site, options))
    return {"path": hosts_of(site), "names": names} if options.calls_itself else None


def _secrets(site: str, options: WithEnvironment, database: DatabaseOptions | None) -> dict[str, Secret]:
    """Variable → its secret. The database's password is declared by layers/mysql.py or layers/remote.py."""
    own = options.own_secrets(site).items()
    found = {variable: Secret(name, "site", variable, alike=True) for variable, name in own}
    if database and "DB_PASSWORD" not in options.variables:
        found["DB_PASSWORD"] = Secret(site, "mysql")
    for variable, entry in options.variables.items():
        if entry.secret is not None:
            found[variable] = _secret(site, variable, entry.secret)
    return found


def _of_database(context: Context, site: str, database: DatabaseOptions) -> dict[str, VariableOptions]:
    """What a database gives beside its password. PHP takes `localhost` for the server's socket; others may not."""
    local = "localhost" if site in context.playbook.php_sites else "127.0.0.1"
    given = {
        "DB_HOST": database.address or local,
        "DB_PORT": str(PORT),
        "DB_SOCKET": "" if database.host or not context.mysql else context.mysql.socket,
        "DB_TLS_CA": authority_of(site) if database.host else "",
        "DB_NAME": str(database.name),
        "DB_USER": str(database.user),
        "DATABASE_URL": DATABASE_URL,
    }
    return {name: VariableOptions(value=value) for name, value in given.items() if value}


def _secret(site: str, variable: str, wanted: str | Supplied) -> Secret:
    name = secret_name(site, variable)
    if isinstance(wanted, Supplied):
        return SuppliedSecret(name, "site", variable, origin=wanted.shown)
    return Secret(name, "site", variable, alike=True)


def _composed(text: str) -> str:
    """A text as one word of the shell, with the values of others in it."""
    parts = (f'"$v_{piece}"' if is_name else quote(piece) for piece, is_name in pieces(text) if piece)
    return "".join(parts) or "''"
