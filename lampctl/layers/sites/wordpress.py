"""WordPress: one read-only core, and for each site its own content, configuration, database, pool and cron.

The core is Debian's package, which apt upgrades for all sites at once, or a release from a tarball.
"""

from __future__ import annotations

from lampctl.layers import denied, mail, sizing
from lampctl.layers.authority import authority_ini
from lampctl.layers.base import Context, Desired, ProbeFile
from lampctl.layers.environment import environment
from lampctl.layers.fpm import body_limit, socket_of
from lampctl.layers.sites import php, wordpress_checks, wordpress_extras, wordpress_network
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.common import home
from lampctl.layers.tenant import tenant
from lampctl.layers.versions import php_of
from lampctl.layers.vhost import FASTCGI, Vhost
from lampctl.playbook import code_of, database_of, home_of, user_of
from lampctl.playbook.sites import WordpressSite
from lampctl.playbook.sites.wordpress import STARTER
from lampctl.resources import (
    Action,
    Command,
    Directory,
    File,
    Package,
    Resource,
    Secret,
    Service,
)
from lampctl.resources.shell import quote, script
from lampctl.resources.sql import identifier, literal

CONFIG = "/etc/wordpress"  # where Debian's package looks
_INSTALL = f"{CONFIG}/lampctl-install.php"
_ACTIVATE = f"{CONFIG}/lampctl-activate.php"
_NETWORK = f"{CONFIG}/lampctl-network.php"
_EACH = f"{CONFIG}/lampctl-cron.php"
_FOLDERS = ("/themes", "/plugins", "/uploads", "/mu-plugins", "/languages", "/upgrade")


def vhost(context: Context, name: str, options: WordpressSite) -> Vhost:
    content = code_of(name, options)
    values = {
        "socket": socket_of(context, name),
        "timeout": sizing.request_timeout(context.playbook, name),
        "content": content[0],
        "programs": r"\.php$",
        "fallback": "/index.php",
        "delivered": wordpress_extras.folder(context, name),
        "network": options.multisite,
    }
    return Vhost(
        "wordpress",
        body_limit(context, name),
        _core(context, name, options),
        values,
        own=content,
        tenant=user_of(name),
        apache=FASTCGI,
        denied=denied.CODE,
    )


def parts(context: Context, name: str, options: WordpressSite) -> Desired:
    user, content, core = user_of(name), code_of(name, options)[0], _core(context, name, options)
    owner = f"{user}:{user}"
    return Desired(
        resources=(
            *(Package(package, "site") for package in (() if options.tarball else context.platform.wordpress.packages)),
            *home(context, name),
            Directory(content, "site", 0o755, owner),
            *(Directory(content + folder, "site", 0o755, owner, tenant=user) for folder in _FOLDERS),
            *_configuration(context, name, options),
            *(_cron(context, name, options) if options.cron else ()),
            *_install(context, name, options),
            *wordpress_network.commands(context, name, options, _unit(name, "network")),
            *wordpress_extras.commands(context, name, options, _unit(name, "plugins")),
        ),
        checks=(
            *php.chain(context, name, options),
            *wordpress_checks.chain(context, name, options, _timer(name), core),
            *wordpress_extras.chain(context, name, options),
        ),
        preflights=(
            *wordpress_extras.preflights(context, name, options, core),
            *wordpress_network.preflights(name, options),
        ),
        probe_files=(
            ProbeFile(content, ".php", "checks/probe.php", {}, tenant=user),
            ProbeFile(f"{content}/uploads", ".php", "checks/probe.php", {}, tenant=user),
        ),
    )


def _core(context: Context, name: str, options: WordpressSite) -> str:
    return f"{home_of(name)}/current" if options.tarball else context.platform.wordpress.root


def _salts(name: str) -> Secret:
    return Secret(f"salts@{name}", "site", "WP_SECRET", alike=True)


def _password(name: str) -> Secret:
    return Secret(f"admin@{name}", "site", "WP_PASSWORD", alike=True)


def _configuration(context: Context, name: str, options: WordpressSite) -> tuple[Resource, ...]:
    key = options.own_variables(name)["WORDPRESS_CONFIG"]
    path = f"{CONFIG}/config-{key}.php"
    scheme = "https" if options.https else "http"
    values = {
        "url": f"{scheme}://{name}",
        "scheme": f"{scheme}://",
        "content": code_of(name, options)[0],
        "database": database_of(name, options),
        "released": bool(options.tarball),
        **wordpress_extras.settings(context, name, options),
        **wordpress_network.settings(name, options),
    }
    # WordPress also looks for its configuration in the parent folder; Debian's package has one that includes ours.
    beside = File(f"{home_of(name)}/releases/wp-config.php", "site", "wordpress/wp-config.php.j2", {"path": path})
    return (
        _salts(name),
        _password(name),
        File(path, "site", "wordpress/config.php.j2", values),
        File(_INSTALL, "site", "wordpress/install.php.j2", {}),
        File(_ACTIVATE, "site", "wordpress/activate.php.j2", {}),
        *(
            (File(_NETWORK, "site", "wordpress/network.php.j2", {}), File(_EACH, "site", "wordpress/cron.php.j2", {}))
            if options.multisite
            else ()
        ),
        *((beside,) if options.tarball else ()),
    )


def _timer(name: str) -> Service:
    unit = f"/etc/systemd/system/lampctl-wp-cron-{name}"
    return Service(
        f"lampctl-wp-cron-{name}.timer", "site", on_change=Action.RESTART, units=(f"{unit}.timer", f"{unit}.service")
    )


def _cron(context: Context, name: str, options: WordpressSite) -> tuple[Resource, ...]:
    timer, core = _timer(name), _core(context, name, options)
    php_line = [*_php(context, name, options), *(f"-d{key}={value}" for key, value in mail.ini(name, options).items())]
    each = [*php_line, _EACH, core] if options.multisite else []
    values = {
        "site": name,
        "tenant": tenant(context, name, writes=True),
        "program": [*each, *php_line, f"{core}/wp-cron.php"],
        "environment": environment(context, name).unit,
    }
    return (*(File(path, "site", f"wordpress/cron.{path.rsplit('.', 1)[1]}.j2", values) for path in timer.units), timer)


def _php(context: Context, name: str, options: WordpressSite) -> list[str]:
    """PHP on the command line, with the php.ini settings that it needs there."""
    return [php_of(context, name).cli, *(f"-d{key}={value}" for key, value in authority_ini(name, options).items())]


def _install(context: Context, name: str, options: WordpressSite) -> tuple[Resource, ...]:
    """The installation, by PHP on the host and not over HTTP: install.php is never open to visitors.

    WordPress loads the site's own plugins and drop-ins, so it runs in the site's sandbox.
    """
    install, look = _unit(name, "install"), _unit(name, "look")
    command = Command(
        f"install WordPress on {name}",
        "site",
        script("wordpress/install", unit=f"{install}.service"),
        _table(context, name, options) or script("wordpress/installed", unit=look),
        f"{options.admin}'s password is generated on the host, in {_password(name).path}",
    )
    return (*_tasks(context, name, options, install, look), command)


def _unit(name: str, task: str) -> str:
    return f"lampctl-wp_{task}-{name}"  # no hostname has an underscore


def _tasks(context: Context, name: str, options: WordpressSite, install: str, look: str) -> tuple[File, ...]:
    """The units that install WordPress and that test whether it is installed, and their environment."""
    values = {
        "HTTP_HOST": name,
        "WP_TITLE": options.title,
        "WP_ADMIN": options.admin,
        "WP_EMAIL": options.email,
    }
    php_line, core = _php(context, name, options), _core(context, name, options)
    installs = f"/etc/lampctl/environment/wp_{name}"  # no hostname has an underscore
    given = {
        "site": name,
        "tenant": tenant(context, name, writes=True),
        "environment": environment(context, name).unit,
        "installs": installs,
        "program": [*php_line, _INSTALL, core],
    }
    return (
        File(installs, "site", "unit/environment.j2", {"environment": values}, mode=0o600),
        File(f"/etc/systemd/system/{install}.service", "site", "wordpress/task.service.j2",
             {**given, "task": "install", "secrets": {"admin": _password(name).path}}),
        File(f"/etc/systemd/system/{look}@.service", "site", "wordpress/task.service.j2",
             {**given, "task": "look", "secrets": {}}),
        File(f"/etc/systemd/system/{_unit(name, 'plugins')}.service", "site", "wordpress/task.service.j2",
             {**given, "task": "plugins", "secrets": {}, "program": [*php_line, _ACTIVATE, core]}),
        *([File(f"/etc/systemd/system/{_unit(name, 'network')}.service", "site", "wordpress/task.service.j2",
             {**given, "task": "network", "secrets": {}, "program": [*php_line, _NETWORK, core, options.multisite]})]
          if options.multisite else []),
    )  # fmt: skip


def _table(context: Context, name: str, options: WordpressSite) -> str:
    """A faster test whether WordPress is installed, for a database on this host; else empty."""
    database = database_of(name, options)
    assert database
    if database.host:
        return ""
    if context.mysql is None:  # this platform lacks the engine: layers/mysql.py refuses the run
        return "false"
    query = "SELECT 1 FROM {}.wp_options WHERE option_name = {}".format(  # noqa: S608
        identifier(str(database.name)), literal("siteurl")
    )
    return f"printf %s {quote(query)} | {context.mysql.client} | grep -q 1"


WORDPRESS = SiteType(WordpressSite, vhost, parts, STARTER)
