"""A site's record on its host: what commands without a playbook (status, run, logs, db) need to know of the site.

It contains no secret, and lampctl.engine.records reads it.
"""

from __future__ import annotations

from collections.abc import Sequence

from lampctl.layers import mail
from lampctl.layers.authority import authority_of
from lampctl.layers.base import Context, Desired
from lampctl.layers.fpm import unit_of
from lampctl.layers.tenant import runs_commands, tenant
from lampctl.layers.versions import php_of
from lampctl.layers.vhost import Vhost, https_of, names_of
from lampctl.playbook import database_of, home_of, user_of
from lampctl.playbook.sites import PooledSite, SandboxedSite, SiteBase
from lampctl.playbook.sites.pipeline import Pipeline
from lampctl.resources import File, Resource, Service, select

RECORDS = "/etc/lampctl/sites"


def record(context: Context, name: str, options: SiteBase, vhost: Vhost, parts: Desired) -> Desired:
    """The record, and the sandbox of single commands for a site that runs any; `parts` are the site's own."""
    facts = _facts(context, name, options, vhost, parts)
    found: tuple[Resource, ...] = (
        File(f"{RECORDS}/{name}.json", "site", "site/record.json.j2", {"record": facts}, mode=0o600),
    )
    if runs_commands(options):
        state = user_of(name) if isinstance(options, SandboxedSite) else ""
        scan = mail.folder_of(name) if isinstance(options, PooledSite) and options.mail else ""
        values = {"site": name, "tenant": tenant(context, name, writes=True), "state": state, "scan": scan}
        found += (File(f"/etc/lampctl/tasks/{name}", "site", "unit/task.j2", values, mode=0o600),)
    return Desired(found)


def _facts(context: Context, name: str, options: SiteBase, vhost: Vhost, parts: Desired) -> dict[str, object]:
    https = https_of(context, name)
    php = php_of(context, name) if isinstance(options, PooledSite) else None
    servers = [server for server in (context.front, context.web) if server]
    # Beside WordPress's package, a release has plugins and themes only.
    packaged = vhost.root and not vhost.root.startswith(home_of(name))
    released = f"{home_of(name)}/current" if name in context.sources and not packaged else ""
    return {
        "site": name,
        "type": options.type,
        "aliases": list(options.aliases),
        "user": user_of(name),
        "runs_code": options.runs_code,
        "root": vhost.root,
        "folder": released or vhost.root or home_of(name),
        "php": {"version": php.version, "cli": php.cli} if php else None,
        "certificate": https.pair.certificate if https else "",
        "database": _database(context, name, options),
        "door": {"unit": servers[0].unit, "test": servers[0].test, "schemes": ["http", *(["https"] if https else [])]},
        "names": list(names_of(context, name)),
        "units": _units(context, name, options, parts.resources),
        "servers": [*(server.unit for server in servers), *_database_server(context)],
        "logs": [f"{server.log_dir}/{name}.{kind}.log" for server in servers for kind in ("access", "error")],
        # Its user writes these: nobody else may follow their paths.
        "own_logs": [f"{home_of(name)}/current/{file}" for file in options.logs]
        if isinstance(options, Pipeline)
        else [],
    }


def _database(context: Context, name: str, options: SiteBase) -> dict[str, str] | None:
    database = database_of(name, options)
    if database is None:
        return None
    found = {"name": str(database.name), "user": str(database.user), "host": database.host or ""}
    if database.host:
        return found | {"engine": "", "address": str(database.address or ""), "authority": authority_of(name)}
    engine = context.playbook.mysql.engine if context.playbook.mysql else ""
    return found | {"engine": engine, "socket": context.mysql.socket if context.mysql else ""}


def _units(context: Context, name: str, options: SiteBase, resources: Sequence[Resource]) -> list[str]:
    """The services that run its code; a socket and a timer start a service of their name."""
    pool = [unit_of(context, name)] if isinstance(options, PooledSite) else []
    own = [service.unit.rpartition("/")[2] for service in select(resources, Service)]
    stems = [unit.rpartition(".")[0] if unit.endswith((".service", ".socket", ".timer")) else unit for unit in own]
    return [f"{stem}.service" for stem in dict.fromkeys([*pool, *stems])]


def _database_server(context: Context) -> list[str]:
    return [context.mysql.unit] if context.playbook.mysql and context.mysql else []
