"""PHP-FPM: a service of its own for each site; checked by talking FastCGI to each socket."""

from __future__ import annotations

import json

from lampctl.answers import strings
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers.base import Context, Desired
from lampctl.layers.fpm import SOCKETS, pool, socket_of, unit_of
from lampctl.layers.services import foreign_drop_ins, service_check
from lampctl.layers.versions import php_of, versions
from lampctl.platforms import PhpNames
from lampctl.playbook import code_of
from lampctl.resources import File, Package, SharedService
from lampctl.resources.shell import script

# Packages whose modules have other names than the package.
_MODULES = {
    "mysql": ("mysqli", "pdo_mysql"),
    "pgsql": ("pgsql", "pdo_pgsql"),
    "sqlite3": ("sqlite3", "pdo_sqlite"),
    "xml": ("dom", "simplexml", "xml"),
}
UNREACHABLE = "unreachable\n"
# After an upgrade, a distribution restarts its own package's service only.
_AFTER_UPGRADE = "/etc/lampctl/php/after-upgrade"
_UPGRADES = (
    File(_AFTER_UPGRADE, "php", "php/after-upgrade.sh.j2", {}, mode=0o755),
    File("/etc/apt/apt.conf.d/60lampctl-php", "php", "php/apt.conf.j2", {"script": _AFTER_UPGRADE}),
)


def php(context: Context) -> Desired:
    found = versions(context)
    total = Desired(_UPGRADES if found else ())
    for names in found:
        total += _version(context, names)
    return total + Desired(checks=tuple(_fastcgi_check(context, site) for site in context.playbook.php_sites))


def _version(context: Context, names: PhpNames) -> Desired:
    """One version, and the services of its sites."""
    options = context.playbook.php
    assert options is not None
    pools = [pool(context, site) for site in context.playbook.php_sites if php_of(context, site) == names]
    services = tuple(service for found in pools for service in found.services)
    title = f"PHP-FPM {names.version} runs"
    return Desired(
        resources=(
            Package(names.package, "php"),
            *(Package(names.extensions.format(name=name), "php") for name in context.playbook.extensions),
            File(f"{names.own_dir}/90-lampctl.ini", "php", "php/php.ini.j2", {"options": options}),
            *(resource for found in pools for resource in found.resources),
            *services,
        ),
        checks=(service_check(_service_id(context, names), title, *services),) if services else (),
        validators=tuple(found.validator for found in pools),
        shared=(_distribution_service(names),),
    )


def _distribution_service(names: PhpNames) -> SharedService:
    """The package's own service, where lampctl 0.1 had its pools. It stops with them, unless others use it."""
    return SharedService(
        names.unit,
        "php",
        watch=(names.pool_dir, names.conf_dir),
        test=names.test,
        dependents=script("php/dependents", unit=names.unit, pools=names.pool_dir),
    )


def _service_id(context: Context, names: PhpNames) -> str:
    return "php.service" if len(versions(context)) == 1 else f"php.service@{names.version}"


def _fastcgi_check(context: Context, site: str) -> Check:
    names, (root, _) = php_of(context, site), code_of(site, context.playbook.sites[site])
    wanted = {module for name in context.playbook.extensions for module in _MODULES.get(name, (name,))}
    ask = script("php/ask", root=root, account=context.web.user, cli=names.cli, socket=socket_of(context, site))
    return Check(
        f"php.fastcgi@{site}",
        "php",
        Where.HOST,
        "the pool answers FastCGI",
        f"PHP {names.version}" + (f" with {', '.join(sorted(wanted))}" if wanted else ""),
        lambda seen: _judge(seen, names, unit_of(context, site), frozenset(wanted)),
        needs=(_service_id(context, names),),
        probe=HostProbe(ask),
        slow=_busy(unit_of(context, site)),
    )


def _judge(seen: Evidence, names: PhpNames, unit: str, wanted: frozenset[str]) -> Verdict:
    """`seen.raw`: the pool's answer, CGI headers first; or one line that explains why there is none."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = parse_probe(seen.raw)
    if found is None and seen.raw.startswith(UNREACHABLE) and "\nStatus: 40" in seen.raw:
        return unknown("the pool answers, but the web server's user can't enter the document root", seen.raw[:500])
    if found is None:
        evidence = f"{seen.raw.removeprefix(UNREACHABLE)[:500]}\n{foreign_drop_ins(seen, f'{unit}.service')}"
        return failed("the pool gave no answer", evidence, _unanswered(unit, seen.raw))
    actual = str(found.get("version", ""))
    if not actual.startswith(names.version + "."):
        return failed(
            f"PHP {actual}",
            hint=f"another PHP has the pool's socket; systemctl restart {unit}.socket, or lampctl deploy, reclaims it",
        )
    loaded = {name.lower() for name in strings(found.get("extensions"))}
    missing = sorted(wanted - loaded)
    if missing:
        return failed(
            f"PHP {actual} without {', '.join(missing)}",
            hint=f"phpenmod {' '.join(missing)} && systemctl restart {unit}; if a package is gone: lampctl deploy",
        )
    return passed(f"PHP {actual}" + (f" with {', '.join(sorted(wanted))}" if wanted else ""))


def _busy(unit: str) -> str:
    why = "its processes are busy or hang"
    return f"{why}: systemctl restart {unit} ends their requests; more processes: php: {{max_children: N}}"


def _unanswered(unit: str, raw: str) -> str:
    if "did not answer within" in raw:
        return _busy(unit)
    if "Permission denied" in raw:
        closed = f"ls -ld {SOCKETS} {SOCKETS}/* shows who can connect; chmod 755 {SOCKETS} opens the folder"
        return f"{closed}; systemctl restart {unit}.socket recreates the socket, as lampctl deploy does"
    return (
        f"journalctl -u {unit} shows its log; systemctl restart {unit}.socket recreates its socket, or lampctl deploy"
    )


def parse_probe(raw: str) -> dict[str, object] | None:
    """The JSON that probe.php prints after any headers; None if PHP did not run it."""
    start = raw.find('{"probe"')
    if start < 0:
        return None
    try:
        found = json.JSONDecoder().raw_decode(raw[start:])[0]
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
