"""PHP-FPM: a service for each version in use, with a pool for each site; checked by talking FastCGI to each socket."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from lampctl.answers import texts
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import remote, sizing
from lampctl.layers.base import Context, Desired, Validator
from lampctl.layers.mysql import secret_of
from lampctl.layers.services import service_check
from lampctl.layers.versions import php_of, versions
from lampctl.platforms import PhpNames
from lampctl.playbook import code_of, database_of, home_of, root_of, socket_name, user_of
from lampctl.playbook.sites import PhpSite, WordpressSite
from lampctl.resources import Directory, File, Package, Secret, Service
from lampctl.resources.secret import DIRECTORY
from lampctl.resources.shell import quote, words

# Packages whose modules are named otherwise than the package.
_MODULES = {
    "mysql": ("mysqli", "pdo_mysql"),
    "pgsql": ("pgsql", "pdo_pgsql"),
    "sqlite3": ("sqlite3", "pdo_sqlite"),
    "xml": ("dom", "simplexml", "xml"),
}


def php(context: Context) -> Desired:
    total = Desired()
    for names in versions(context):
        total += _version(context, names)
    return total + Desired(checks=tuple(_fastcgi_check(context, site) for site in context.playbook.php_sites))


def _version(context: Context, names: PhpNames) -> Desired:
    """One version's service, and the pools of its sites."""
    options = context.playbook.php
    sites = tuple(site for site in context.playbook.php_sites if php_of(context, site) == names)
    sandbox = f"/etc/systemd/system/{names.unit}.d/lampctl.conf"
    service = Service(
        names.unit,
        "php",
        watch=(names.root, DIRECTORY, *_releases(context, sites)),
        sockets=tuple(socket_of(context, site) for site in sites),
        ready=_ready(names, [socket_of(context, site) for site in sites]),
        units=(sandbox,),
        test=names.test,
    )
    assert options is not None
    limits = {"memory_max": options.memory_max, "roots": _outer_roots(context, sites)}
    return Desired(
        resources=(
            Package(names.package, "php"),
            *(Package(names.extensions.format(name=name), "php") for name in context.playbook.extensions),
            File(f"{names.conf_dir}/90-lampctl.ini", "php", "php/php.ini.j2", {"options": options}),
            File(f"{names.pool_dir}/_lampctl.conf", "php", "php/fpm.conf.j2", {}),
            File(sandbox, "php", "php/sandbox.conf.j2", limits),
            *(resource for site in sites for resource in _pool(context, site)),
            service,
        ),
        checks=(service_check(_service_id(context, names), f"PHP-FPM {names.version} runs", service),),
        validators=(Validator("php", names.test, names.root),),
    )


def _releases(context: Context, sites: Iterable[str]) -> list[str]:
    """Links that change with a release: PHP remembers where they led, and opcache what it compiled from there."""
    return [f"{home_of(site)}/current" for site in sites if site in context.sources]


def _outer_roots(context: Context, sites: Iterable[str]) -> list[str]:
    """Document roots that are not below the directories where sites are by themselves."""
    roots = (root_of(site, context.playbook.sites[site]) for site in sites)
    return sorted(root for root in roots if root and not root.startswith(("/var/www/", "/var/lib/")))


def _service_id(context: Context, names: PhpNames) -> str:
    return "php.service" if len(versions(context)) == 1 else f"php.service@{names.version}"


def socket_of(context: Context, site: str) -> str:
    """The one place that names a pool's socket: the pool, the vhost and the checks ask here.

    The version is part of it: while a site goes from one to another, the old pool and the new one answer side by side.
    """
    names = php_of(context, site)
    return f"{names.socket_dir}/{socket_name(names.version, site)}"


PING = "/lampctl-ping"  # a URL that the pool itself answers; the web server hands over files that exist only


def _ready(names: PhpNames, sockets: Sequence[str]) -> str:
    """Shell that fails until every pool has answered a request."""
    ask = f'said=$({names.cli} -n fastcgi.php "$socket" {PING} 2>&1)'
    answered = 'case $said in *pong) ;; *) echo "$socket: $said"; exit 1 ;; esac'
    return f"for socket in {words(sockets)}; do {ask}; {answered}; done" if sockets else ""


def body_limit(context: Context, site: str) -> sizing.Sized:
    """The same for PHP and for the web server."""
    return sizing.body_limit(_upload_limit(context, site))


def _upload_limit(context: Context, site: str) -> str:
    own = context.playbook.php_sites[site].php.upload_limit
    return own or (context.playbook.php.upload_limit if context.playbook.php else "32M")


def state_of(site: str) -> str:
    """Where PHP keeps a site's sessions and temporary files."""
    return f"/var/lib/php/lampctl/{site}"


def _pool(context: Context, site: str) -> tuple[Directory, Directory, File]:
    """The pool, and the directories that only its user may enter: sessions, and what PHP writes temporarily."""
    playbook, options = context.playbook, context.playbook.php_sites[site]
    assert playbook.php is not None
    user, state = user_of(site), state_of(site)
    values = {
        "site": site,
        "user": user,
        "web_user": context.web.user,
        "state": state,
        "socket": socket_of(context, site),
        "ping": PING,
        "children": sizing.pool_children(playbook, context.facts, site),
        "memory_limit": options.php.memory_limit or playbook.php.memory_limit,
        "upload_limit": _upload_limit(context, site),
        "body_limit": body_limit(context, site),
        "ini": {**playbook.php.ini, **remote.trust(site, options), **options.php.ini},
        "database": database_of(site, options),
        "authority": remote.authority_of(site),
        "environment": options.environment(site),
        "secrets": _secrets(site, options),
    }
    return (
        Directory("/var/lib/php/lampctl", "php", 0o711),
        Directory(state, "php", 0o700, f"{user}:{user}"),
        File(f"{php_of(context, site).pool_dir}/{site}.conf", "php", "php/pool.conf.j2", values, mode=0o600),
    )


def _secrets(site: str, options: PhpSite | WordpressSite) -> list[str]:
    """The files that give PHP its passwords."""
    own = [Secret(name, "php", variable).path for name, variable in options.secrets(site).items()]
    return [secret_of(site).path, *own] if database_of(site, options) else own


def _fastcgi_check(context: Context, site: str) -> Check:
    names, (root, _) = php_of(context, site), code_of(site, context.playbook.sites[site])
    wanted = {module for name in context.playbook.extensions for module in _MODULES.get(name, (name,))}
    script = _ASK.format(user=context.web.user, cli=names.cli, socket=quote(socket_of(context, site)), root=quote(root))
    return Check(
        f"php.fastcgi@{site}",
        "php",
        Where.HOST,
        "the pool answers FastCGI",
        f"PHP {names.version}" + (f" with {', '.join(sorted(wanted))}" if wanted else ""),
        lambda seen: _judge(seen, names, frozenset(wanted)),
        needs=(_service_id(context, names),),
        probe=HostProbe(script),
    )


# As the web server's user: what root can open says nothing. PHP reads the client from stdin, as only root
# can read the batch's directory.
_ASK = r"""
file={root}/lampctl-probe-"$TOKEN".php
as="setpriv --reuid={user} --regid={user} --init-groups"
$as test -r "$file" || echo unreadable
$as {cli} -n -- {socket} "$file" < fastcgi.php
"""


def _judge(seen: Evidence, names: PhpNames, wanted: frozenset[str]) -> Verdict:
    """`seen.raw`: the answer of the pool, CGI headers first, or one line that says why there is none."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = answer(seen.raw)
    if found is None and seen.raw.startswith("unreadable\n") and "\nStatus: 40" in seen.raw:
        return unknown("the pool answers, but the web server's user may not read the document root", seen.raw[:500])
    if found is None:
        hint = f"journalctl -u {names.unit}; ls -l {names.socket_dir}; a restart of the unit makes its sockets anew"
        return failed("the pool gave no answer", seen.raw.removeprefix("unreadable\n")[:500], hint)
    actual = str(found.get("version", ""))
    if not actual.startswith(names.version + "."):
        return failed(
            f"PHP {actual}",
            hint="another PHP owns the pool's socket; systemctl list-units 'php*' shows which",
        )
    loaded = {name.lower() for name in texts(found.get("extensions"))}
    missing = sorted(wanted - loaded)
    if missing:
        return failed(
            f"PHP {actual} without {', '.join(missing)}",
            hint=f"phpenmod {' '.join(missing)} && systemctl restart {names.unit}",
        )
    return passed(f"PHP {actual}" + (f" with {', '.join(sorted(wanted))}" if wanted else ""))


def answer(raw: str) -> dict[str, object] | None:
    """The JSON that probe.php prints, after whatever headers; None where PHP did not run it."""
    start = raw.find('{"probe"')
    if start < 0:
        return None
    try:
        found = json.JSONDecoder().raw_decode(raw[start:])[0]
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
