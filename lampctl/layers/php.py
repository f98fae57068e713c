"""PHP-FPM: a service of its own for each site; checked by talking FastCGI to each socket."""

from __future__ import annotations

import json

from lampctl.answers import texts
from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers.base import Context, Desired
from lampctl.layers.fpm import pool, socket_of, unit_of
from lampctl.layers.services import service_check
from lampctl.layers.versions import php_of, versions
from lampctl.platforms import PhpNames
from lampctl.playbook import code_of
from lampctl.resources import File, Package, SharedService
from lampctl.resources.shell import script

# Packages whose modules are named otherwise than the package.
_MODULES = {
    "mysql": ("mysqli", "pdo_mysql"),
    "pgsql": ("pgsql", "pdo_pgsql"),
    "sqlite3": ("sqlite3", "pdo_sqlite"),
    "xml": ("dom", "simplexml", "xml"),
}
# Distributions restart the service of their own package only.
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
        shared=(_distributions_own(names),),
    )


def _distributions_own(names: PhpNames) -> SharedService:
    """The service that the package brings; lampctl 0.1 had its pools in it. It goes with them, unless others use it."""
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
    )


def _judge(seen: Evidence, names: PhpNames, unit: str, wanted: frozenset[str]) -> Verdict:
    """`seen.raw`: the answer of the pool, CGI headers first, or one line that says why there is none."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    found = answer(seen.raw)
    if found is None and seen.raw.startswith("unreachable\n") and "\nStatus: 40" in seen.raw:
        return unknown("the pool answers, but the web server's user can't enter the document root", seen.raw[:500])
    if found is None:
        hint = f"journalctl -u {unit}; ls -l /run/lampctl; systemctl restart {unit}.socket makes its socket anew"
        return failed("the pool gave no answer", seen.raw.removeprefix("unreachable\n")[:500], hint)
    actual = str(found.get("version", ""))
    if not actual.startswith(names.version + "."):
        return failed(
            f"PHP {actual}",
            hint=f"another PHP answers at the pool's socket; systemctl restart {unit}.socket takes it back",
        )
    loaded = {name.lower() for name in texts(found.get("extensions"))}
    missing = sorted(wanted - loaded)
    if missing:
        return failed(
            f"PHP {actual} without {', '.join(missing)}",
            hint=f"phpenmod {' '.join(missing)} && systemctl restart {unit}",
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
