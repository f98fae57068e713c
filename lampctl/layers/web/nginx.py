"""NGINX."""

from __future__ import annotations

from collections.abc import Mapping

from lampctl.facts import Facts
from lampctl.layers import sizing
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.resources import Directory, File, Resource

# The names that an enabled server answers for: one per word after the directive.
NAMES = "server_name"


def mark(context: Context) -> str:
    """The key that lampctl owns where it was lampctl that deployed NGINX."""
    return f"file:{context.platform.web['nginx'].root}/nginx.conf"


def server(context: Context, handlers: frozenset[str]) -> Desired:  # noqa: ARG001 -- NGINX has its modules built in
    """NGINX as a whole."""
    names = context.web
    values = {
        "user": names.user,
        "options": context.playbook.web,
        "connections": sizing.connections(context.facts),
        "catch_all": not any(site.default for site in context.playbook.sites.values()),
    }
    return Desired(
        resources=(
            # How many connections a worker may hold can be said in nginx.conf only, so that is replaced as a whole.
            File(f"{names.root}/nginx.conf", "web", "nginx/nginx.conf.j2", values, divert=True),
            Directory("/var/lib/nginx", "web"),
        ),
        preflights=(Preflight("web.nginx", _EDITED.format(root=names.root), _judge_edited),),
    )


def tls(context: Context, values: Mapping[str, object]) -> tuple[Resource, ...]:
    return (File(f"{context.web.root}/conf.d/lampctl-tls.conf", "web", "nginx/tls.conf.j2", values),)


def link(site: str, default: bool) -> str:  # noqa: ARG001 -- the default says so itself
    return f"{site}.conf"


# What somebody changed of the package's own nginx.conf, and sites that only it would include.
_EDITED = r"""
[ -e {root}/nginx.conf ] && ! grep -q 'Managed by lampctl' {root}/nginx.conf || exit 0
dpkg -V nginx nginx-common 2>/dev/null | grep -F {root}/nginx.conf
ls {root}/sites-enabled 2>/dev/null | grep -v -e '^default$' -e '\.conf$' | sed 's|^|site {root}/sites-enabled/|'
:
"""


def _judge_edited(raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    lines = raw.splitlines()
    if not lines or not changing:
        return []
    site = next((line.removeprefix("site ") for line in lines if line.startswith("site ")), "")
    if site:
        return [Problem("foreign-vhost", f"{site} would no longer be served", f"rename it: mv {site} {site}.conf")]
    hint = "move what it adds into conf.d/*.conf or sites-enabled/*.conf, and put the package's file back"
    return [Problem("conflict", "nginx.conf was changed by somebody, and lampctl would replace it", hint)]
