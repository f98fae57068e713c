"""A site's PHP-FPM: a service of its own, as the site's user from the start, in the site's sandbox and slice.

systemd creates its socket, which outlives the service: requests wait while the service restarts, and the service needs
no right to create sockets. What only root can read (its configuration, passwords) it gets as credentials of the unit.
"""

from __future__ import annotations

from dataclasses import dataclass

from lampctl.layers import authority, mail, sizing
from lampctl.layers.base import Context, Validator
from lampctl.layers.environment import environment
from lampctl.layers.tenant import tenant
from lampctl.layers.versions import php_of
from lampctl.playbook import home_of, in_bytes, user_of
from lampctl.playbook.sites.names import shortened
from lampctl.resources import Action, Directory, File, Resource, Service
from lampctl.resources.rehearsed import Rehearsed
from lampctl.resources.shell import quote, script

SOCKETS = "/run/lampctl"
PING = "/lampctl-ping"  # a URL that the pool itself answers; the web server passes on existing files only


@dataclass(frozen=True)
class Pool:
    """One site's PHP-FPM: its files, its socket and service units, and its configuration test."""

    resources: tuple[Resource, ...]
    services: tuple[Service, Service]
    validator: Validator


def socket_of(context: Context, site: str) -> str:
    """The path of a pool's socket, for the pool, the vhost and the checks.

    It contains the version: while a site changes versions, the old and the new pool answer side by side.
    """
    return f"{SOCKETS}/php-{php_of(context, site).version}-{shortened(site, 80)}.sock"  # at most 107 characters


def unit_of(context: Context, site: str) -> str:
    """The name of a pool's units, without .service and .socket."""
    return f"lampctl-php{php_of(context, site).version}-{shortened(site, 200)}"


def body_limit(context: Context, site: str) -> sizing.Sized:
    """The largest request body, the same for PHP and for the web server."""
    return sizing.body_limit(_upload_limit(context, site))


def _upload_limit(context: Context, site: str) -> str:
    own = context.playbook.php_sites[site].php.upload_limit
    return own or (context.playbook.php.upload_limit if context.playbook.php else "32M")


def _largest_upload(context: Context, site: str) -> str:
    """On the path of the site that may have the largest body: PHP has one value for all of them."""
    given = (one.body_limit for one in context.playbook.sites[site].limits.values())
    return max((_upload_limit(context, site), *filter(None, given)), key=in_bytes)


def state_of(site: str) -> str:
    """The directory of a site's sessions and PHP's temporary files."""
    return f"/var/lib/php/lampctl/{site}"


def pool(context: Context, site: str) -> Pool:
    """The units of a site's pool, and its state directory, which only the site's user can enter."""
    names, user = php_of(context, site), user_of(site)
    state, path = state_of(site), f"/etc/lampctl/php/{names.version}/{site}.conf"
    given = environment(context, site)
    files = (
        File(path, "php", "php/pool.conf.j2", _values(context, site, state, given.names), mode=0o600),
        *_units(context, site, state, path, given.unit),
    )
    test = f"PHP_INI_SCAN_DIR=:{names.own_dir} {names.program} -t -y {quote(path)}"
    services = _services(context, site, files[1].path, (files[2].path, path, *given.watched), test)
    return Pool((*_folders(state, user), *given.resources, *files), services, Validator("php", test, path))


def _services(context: Context, site: str, socket: str, paths: tuple[str, ...], test: str) -> tuple[Service, Service]:
    """The socket with its unit file, and the service with all that it reads when it starts."""
    names, unit, at = php_of(context, site), unit_of(context, site), socket_of(context, site)
    rights = f"600 {context.web.user}:"
    return (
        Service(f"{unit}.socket", "php", on_change=Action.RESTART, sockets=(at,), rights=rights, units=(socket,)),
        Service(
            f"{unit}.service",
            "php",
            watch=(
                names.program,
                f"{names.root}/php.ini",
                names.conf_dir,
                names.own_dir,
                *_release_link(context, site),
            ),
            on_change=Action.RESTART,  # a reload keeps old credentials, and programs that outlived their request
            ready=_ready(names.cli, at),
            units=paths,
            test=test,
            rehearsed=Rehearsed(at),
            site=site,
        ),
    )


def _folders(state: str, user: str) -> tuple[Directory, ...]:
    return (
        Directory(SOCKETS, "php"),
        Directory("/var/lib/php/lampctl", "php", 0o711),
        Directory(state, "php", 0o700, f"{user}:{user}"),
    )


def _units(context: Context, site: str, state: str, config: str, environment: str) -> tuple[File, File]:
    assert context.playbook.php
    names, unit = php_of(context, site), unit_of(context, site)
    values = {
        "site": site,
        "unit": unit,
        "php": names,
        "socket": socket_of(context, site),
        "web_user": context.web.user,
        "state": state,
        "config": config,
        "environment": environment,
        "memory_max": context.playbook.php.memory_max,
        "timeout": sizing.longest_timeout(context.playbook, site),
        "tenant": tenant(context, site, writes=True),
    }
    folder = "/etc/systemd/system"
    return (
        File(f"{folder}/{unit}.socket", "php", "php/socket.j2", values),
        File(f"{folder}/{unit}.service", "php", "php/service.j2", values),
    )


def _values(context: Context, site: str, state: str, variables: tuple[str, ...]) -> dict[str, object]:
    playbook = context.playbook
    assert playbook.php is not None
    return {
        "site": site,
        "user": user_of(site),
        "unit": unit_of(context, site),
        "state": state,
        "socket": socket_of(context, site),
        "ping": PING,
        "children": sizing.pool_children(playbook, context.facts, site),
        "memory_limit": _memory_limit(context, site),
        "upload_limit": _largest_upload(context, site),
        "body_limit": sizing.largest_body(playbook, site, body_limit(context, site)),
        "timeout": sizing.longest_timeout(playbook, site),
        "ini": _given_ini(context, site),
        "environment": variables,
    }


def ini_of(context: Context, site: str) -> dict[str, str | int | float | bool]:
    """The php.ini settings of a pool that the site's programs on the command line have too."""
    return {"sys_temp_dir": state_of(site), "memory_limit": _memory_limit(context, site), **_given_ini(context, site)}


def _given_ini(context: Context, site: str) -> dict[str, str | int | float | bool]:
    playbook, options = context.playbook, context.playbook.php_sites[site]
    layer = playbook.php.ini if playbook.php else {}
    return {**layer, **authority.authority_ini(site, options), **mail.ini(site, options), **options.php.ini}


def _memory_limit(context: Context, site: str) -> str:
    playbook = context.playbook
    return playbook.php_sites[site].php.memory_limit or (playbook.php.memory_limit if playbook.php else "128M")


def _release_link(context: Context, site: str) -> tuple[str, ...]:
    """The link that changes with each release: PHP caches its target, and opcache the code compiled from there."""
    return (f"{home_of(site)}/current",) if site in context.sources else ()


def _ready(cli: str, socket: str) -> str:
    """Shell that fails until the pool has answered a request."""
    return script("php/ready", cli=cli, socket=socket, ping=PING)
