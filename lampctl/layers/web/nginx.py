"""NGINX."""

from __future__ import annotations

from collections.abc import Mapping

from lampctl.layers import media, sizing
from lampctl.layers.base import Context, Desired
from lampctl.layers.vhost import https_of
from lampctl.layers.web.diverted import edited
from lampctl.layers.web.listening import moves_a_port
from lampctl.layers.web.rules import DEFAULTS
from lampctl.layers.web.tier import Tier
from lampctl.platforms import WebNames
from lampctl.resources import Action, Directory, File, Package, Rebind, Resource

# The names that an enabled server answers for: one per word after the directive.
NAMES = "server_name"

# The package's nginx.conf includes all of sites-enabled; ours includes only *.conf.
_NOT_INCLUDED = (
    "ls {root}/sites-enabled 2>/dev/null | grep -v -e '^default$' -e '\\.conf$' | sed 's|^|site {root}/sites-enabled/|'"
)


def mark(context: Context) -> str:
    """The key that lampctl owns if it deployed NGINX."""
    return f"file:{context.platform.web['nginx'].root}/nginx.conf"


def server(context: Context, tier: Tier) -> Desired:
    """NGINX as a whole."""
    names = tier.names
    return Desired(
        resources=(
            # worker_connections can be set only in nginx.conf itself, so that is replaced as a whole.
            File(f"{names.root}/nginx.conf", "web", "nginx/nginx.conf.j2", _values(context, tier), divert=True),
            Directory("/var/lib/nginx", "web"),
            # For root, adm and the workers, which reopen the logs after their rotation.
            Package("acl", "web"),
            Directory(names.log_dir, "web", 0o2750, "root:adm", reader=names.user, packaged=True),
        ),
        preflights=(
            edited(
                names,
                "nginx.conf",
                "move what it adds into conf.d/*.conf or sites-enabled/*.conf, and restore the package's file",
                _NOT_INCLUDED.format(root=names.root),
            ),
        ),
    )


def _values(context: Context, tier: Tier) -> dict[str, object]:
    web = context.playbook.web
    assert web is not None
    return {
        "user": tier.names.user,
        "options": web,
        "behind": web.behind_port if tier.front else 0,
        "connections": sizing.connections(context.facts),
        "files": sizing.files(context.facts),
        "types": media.TYPES,
        "compressed": media.COMPRESSED,
        "headers": DEFAULTS,
        "secured": any(https_of(context, site) for site in tier.vhosts),
        "catch_all": not any(site.default for site in context.playbook.sites.values()),
    }


def tls(names: WebNames, values: Mapping[str, object]) -> tuple[Resource, ...]:
    return (File(f"{names.root}/conf.d/lampctl-tls.conf", "web", "nginx/tls.conf.j2", values),)


def mpm(root: str) -> tuple[str, ...]:  # noqa: ARG001
    return ()


def link(site: str, default: bool) -> str:
    """NGINX's first server of a port answers for unknown names, unless one is marked as default."""
    return f"00-{site}.conf" if default else f"{site}.conf"


def on_change(context: Context) -> Action:  # noqa: ARG001
    return Action.RELOAD


def rebinds(names: WebNames) -> tuple[Rebind, ...]:
    """At a reload, NGINX goes on with its former configuration if it can't bind an address."""
    return (Rebind(f"{names.root}/nginx.conf", moves_a_port),)
