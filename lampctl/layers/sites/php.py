"""A PHP site: its vhost, its files, and the checks of the whole request path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from lampctl.checks import Check, Verdict, failed, passed
from lampctl.layers import denied, http, sizing
from lampctl.layers.base import Context, Desired, ProbeFile
from lampctl.layers.fpm import body_limit, socket_of
from lampctl.layers.held import served
from lampctl.layers.php import parse_probe
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.common import CODE, document_root, home, outside, through
from lampctl.layers.sites.page import page_checks
from lampctl.layers.versions import php_of
from lampctl.layers.vhost import FASTCGI, Vhost
from lampctl.playbook import code_of, database_of, home_of, root_of, user_of
from lampctl.playbook.sites import PhpSite, PooledSite
from lampctl.playbook.sites.php import STARTER
from lampctl.resources import File

_PROBE = "lampctl-probe-{token}.php"


def vhost(context: Context, name: str, options: PhpSite) -> Vhost:
    release = served(context, name)
    values = {
        "socket": socket_of(context, name),
        "timeout": sizing.request_timeout(context.playbook, name),
        "programs": r"\.php$",
        "allow_override": options.allow_override,
        "release": options.root_in(f"{home_of(name)}/releases/{release}") if release else "",
        "fallback": f"/{options.front_controller}" if options.front_controller else "",
    }
    return Vhost("php", body_limit(context, name), root_of(name, options), values, apache=FASTCGI, denied=denied.CODE)


def parts(context: Context, name: str, options: PhpSite) -> Desired:
    root, user = root_of(name, options), user_of(name)
    page = File(f"{root}/index.php", "site", "site/index.php.j2", {"site": name}, 0o640, f"root:{user}", seed=True,
                unless=f"{root}/index.html")  # fmt: skip
    files = document_root(context, name, root, page) if options.root else () if options.source else (page,)
    before = chain(context, name, options)
    checks = (*before, *page_checks(context, name, (before[-1].id,), by_files=True))
    recognise = partial(_recognise, php_of(context, name).version, database_of(name, options) is not None)
    return Desired(
        resources=(*home(context, name, CODE), *files),
        checks=(*checks, outside(name, f"/{_PROBE}", "200, PHP's answer", recognise, (before[-1].id,))),
        probe_files=(ProbeFile(root, ".php", "checks/probe.php", {}, 0o640, user),),
    )


def chain(context: Context, name: str, options: PooledSite) -> tuple[Check, ...]:
    """PHP through the web server, and to the database."""
    path = code_of(name, options)[1] + _PROBE
    version = php_of(context, name).version
    checks = [
        through(context, name, "php", "PHP runs through the web server", f"200, PHP {version}, never its source",
                partial(_php, context.web.title, version), (f"web.static@{name}", f"php.fastcgi@{name}"), path)
    ]  # fmt: skip
    database = database_of(name, options)
    if database:
        needs = (f"site.php@{name}", f"mysql.login@{name}")
        checks.append(
            through(context, name, "database", "PHP reaches its database",
                    f"a query in {database.name} with the site's own login",
                    partial(_database, str(database.name), _socket(context)), needs, path)
        )  # fmt: skip
    return tuple(checks)


def _socket(context: Context) -> str:
    """The path of the database server's socket, for messages."""
    return context.mysql.socket if context.playbook.mysql and context.mysql else "its socket"


def _php(server: str, version: str, reply: http.Answer, log: str) -> Verdict:
    unhandled = f"{server} has no handler for .php in this vhost: lampctl plan shows what differs from the template"
    if "<?php" in reply.body:
        return failed(f"{reply.status}: PHP's source is served as text", reply.body[:80], unhandled)
    if reply.status == 403 and re.search(r"\(13\b.*Permission denied", log):
        return failed("403: PHP's source would be served as text, if the web server could read it", log, unhandled)
    found = parse_probe(reply.body)
    if reply.status == 200 and found and not _has_version(found, version):
        hint = f"{server} still talks to another pool: systemctl reload it, or lampctl deploy"
        return failed(f"200, but by PHP {found.get('version')}, not {version}", hint=hint)
    if reply.status == 200 and found:
        return passed(f"200, PHP {found.get('version')} by {found.get('sapi')}")
    reach = f"{server} can't reach the pool's socket: do the vhost and the pool name the same one? See lampctl plan"
    hints = {
        403: "the vhost denies it",
        404: "FPM does not find the file: does the vhost name this site's own socket and document root?",
        502: reach,
        503: reach,
    }
    return failed(
        f"{reply.status}, not PHP's answer",
        log or reply.body[:200],
        hints.get(reply.status, f"see {log[:60]}"),
    )


def _database(database: str, socket: str, reply: http.Answer, log: str) -> Verdict:  # noqa: ARG001
    found = parse_probe(reply.body) or {}
    if found.get("database") == database:
        return passed(f"SELECT DATABASE() = {database}")
    if found and "database_error" not in found:
        return failed(
            "PHP has no DB_NAME in its environment",
            hint="lampctl plan shows what the site's pool lacks; lampctl deploy restores it",
        )
    error = str(found.get("database_error", "PHP gave no answer"))
    hint = "lampctl deploy sets the login again"
    if "2002" in error or "Permission denied" in error or "No such file" in error:
        opens = f"chmod 755 {socket.rpartition('/')[0]} opens its folder"
        hint = f"namei -l {socket} shows what is missing or closed: lampctl deploy recreates the socket; {opens}"
    return failed("PHP could not query its database", f"{error} ({socket})" if "2002" in error else error, hint)


def _has_version(found: Mapping[str, object], version: str) -> bool:
    return str(found.get("version")).startswith(f"{version}.")


def _recognise(version: str, with_database: bool, reply: http.Answer) -> str | None:
    found = parse_probe(reply.body)
    if (
        reply.status != 200
        or found is None
        or not _has_version(found, version)
        or (with_database and not found.get("database"))
    ):
        return None
    return f"200 in one request, PHP {found.get('version')}" + (" and its database" if with_database else "")


PHP = SiteType(PhpSite, vhost, parts, STARTER)
