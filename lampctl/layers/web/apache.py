"""Apache: event MPM, PHP through FPM."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lampctl.facts import Facts
from lampctl.layers import sizing
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.layers.web import front
from lampctl.layers.web.diverted import edited
from lampctl.layers.web.tier import Tier
from lampctl.platforms import WebNames
from lampctl.resources import AbsentSymlink, Action, File, Resource, Symlink
from lampctl.resources.shell import script

_MODULES = ("headers.load", "rewrite.load")  # of every vhost; handlers say what else they need
_BEHIND = ("remoteip.load",)
_TLS_MODULES = ("socache_shmcb.load", "ssl.conf", "ssl.load", "http2.load")
# Debian's security.conf says ServerTokens and ServerSignature as well: the last to say it counts.
_LAST = "zz-lampctl.conf"


def mark(context: Context) -> str:
    """The key that lampctl owns where it was lampctl that deployed Apache."""
    return f"file:{context.platform.web['apache'].root}/conf-available/lampctl.conf"


def server(context: Context, tier: Tier) -> Desired:
    """Apache as a whole, with the modules that the sites use."""
    root = tier.names.root
    files = sorted({file for vhost in tier.vhosts.values() for file in vhost.apache.files})
    return Desired(
        resources=(
            # Where Apache listens can't be taken back by a drop-in, so the package's file is replaced as a whole.
            File(f"{root}/ports.conf", "web", "apache/ports.conf.j2", {"behind": tier.behind}, divert=True),
            File(f"{root}/conf-available/lampctl.conf", "web", "apache/server.conf.j2", _values(context, tier)),
            Symlink(f"{root}/conf-enabled/{_LAST}", "web", "../conf-available/lampctl.conf"),
            AbsentSymlink(f"{root}/conf-enabled/lampctl.conf", "web", "../conf-available/lampctl.conf"),  # 0.1's name
            *(File(f"{root}/{path}", "web", template, {}) for path, template in files),
            *_enabled(root, _modules(tier)),
        ),
        preflights=(
            Preflight("web.modules", f"ls {root}/mods-enabled 2>/dev/null || :", _judge_modules),
            edited(
                tier.names,
                "ports.conf",
                "move what it adds into conf-enabled/*.conf, and put the package's file back",
            ),
            *(
                (Preflight("web.lost", script("web/lost", root=root, port=tier.behind), _judge_lost),)
                if tier.behind
                else ()
            ),
        ),
    )


def _values(context: Context, tier: Tier) -> dict[str, object]:
    return {
        "mpm": sizing.mpm(context.playbook, context.facts),
        "options": context.playbook.web,
        "hostname": context.facts.hostname,
        "behind": tier.behind,
        "front": front.NAMES,
    }


def _modules(tier: Tier) -> dict[str, None]:
    """Each module once: those of every vhost, and what the handlers need."""
    used = sorted({module for vhost in tier.vhosts.values() for module in vhost.apache.modules})
    return dict.fromkeys((*_MODULES, *used, *(_BEHIND if tier.behind else ())))


def tls(names: WebNames, values: Mapping[str, object]) -> tuple[Resource, ...]:
    root = names.root
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


def on_change(context: Context) -> Action:
    """A reload keeps connections, but can't raise the number of processes that Apache was started for."""
    return Action.RESTART if sizing.mpm(context.playbook, context.facts).beyond else Action.RELOAD


# The names that an enabled vhost answers for: one per word after the directive.
NAMES = "Server(Name|Alias)"


def _judge_lost(raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    if not raw.strip() or not changing:
        return []
    file = raw.splitlines()[0]
    message = f"{file} would no longer be served: NGINX takes port 80 from Apache"
    return [Problem("foreign-vhost", message, "let the playbook have it as a site, or disable it: a2dissite")]


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
