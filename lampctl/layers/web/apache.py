"""Apache: event MPM, PHP through FPM."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lampctl.facts import Facts
from lampctl.layers import sizing
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.resources import File, Resource, Symlink

# What handlers use beyond what Debian enables by itself, with what each of them needs.
_MODULES = {
    "": ("headers.load", "rewrite.load"),
    "static": ("expires.load",),
    "php": ("proxy.conf", "proxy.load", "proxy_fcgi.load"),
}
_TLS_MODULES = ("socache_shmcb.load", "ssl.conf", "ssl.load", "http2.load")


def mark(context: Context) -> str:
    """The key that lampctl owns where it was lampctl that deployed Apache."""
    return f"file:{context.platform.web['apache'].root}/conf-available/lampctl.conf"


def server(context: Context, handlers: frozenset[str]) -> Desired:
    """Apache as a whole; `handlers` are those that the sites use."""
    root = context.web.root
    values = {
        "workers": sizing.max_workers(context.playbook, context.facts),
        "options": context.playbook.web,
        "hostname": context.facts.hostname,
    }
    modules = dict.fromkeys(m for name, listed in _MODULES.items() if not name or name in handlers for m in listed)
    return Desired(
        resources=(
            File(f"{root}/conf-available/lampctl.conf", "web", "apache/server.conf.j2", values),
            Symlink(f"{root}/conf-enabled/lampctl.conf", "web", "../conf-available/lampctl.conf"),
            *_enabled(root, modules),
        ),
        preflights=(Preflight("web.modules", f"ls {root}/mods-enabled 2>/dev/null || :", _judge_modules),),
    )


def tls(context: Context, values: Mapping[str, object]) -> tuple[Resource, ...]:
    root = context.web.root
    return (
        File(f"{root}/conf-available/lampctl-tls.conf", "web", "apache/tls.conf.j2", values),
        Symlink(f"{root}/conf-enabled/lampctl-tls.conf", "web", "../conf-available/lampctl-tls.conf"),
        *_enabled(root, _TLS_MODULES),
    )


def _enabled(root: str, modules: Iterable[str]) -> tuple[Symlink, ...]:
    return tuple(Symlink(f"{root}/mods-enabled/{name}", "web", f"../mods-available/{name}") for name in modules)


def link(site: str, default: bool) -> str:
    """Apache's first vhost answers for unknown names: 00- sorts before Debian's 000-default.conf."""
    return f"00-{site}.conf" if default else f"{site}.conf"


# The names that an enabled vhost answers for: one per word after the directive.
NAMES = "Server(Name|Alias)"


def _judge_modules(raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """PHP inside Apache forces the prefork MPM; to switch it off may serve somebody's PHP source as text."""
    inside = [name for name in raw.split() if re.fullmatch(r"php[0-9.]*\.load|mpm_(prefork|worker)\.load", name)]
    if not inside or not changing:
        return []
    modules = " ".join(name.removesuffix(".load") for name in inside)
    return [
        Problem(
            "other-mpm",
            f"Apache has {modules} enabled, which lampctl did not do and which the event MPM excludes",
            f"if no other site needs it: a2dismod {modules} && a2enmod mpm_event && systemctl restart apache2",
        )
    ]
