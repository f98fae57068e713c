"""Apache: event MPM, PHP through FPM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lampctl.facts import Facts
from lampctl.layers import media, sizing
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.layers.vhost import https_of
from lampctl.layers.web import front, reachable, rules
from lampctl.layers.web.diverted import edited
from lampctl.layers.web.listening import moves_a_port
from lampctl.layers.web.tier import Tier
from lampctl.platforms import WebNames
from lampctl.resources import (
    AbsentSymlink,
    Action,
    Certificate,
    File,
    Package,
    PackagedSymlink,
    Rebind,
    Resource,
    Symlink,
)
from lampctl.resources.shell import script

_MODULES = ("headers.load", "rewrite.load")  # of every vhost; handlers name the others that they need
_BEHIND = ("remoteip.load",)
_TLS_MODULES = ("socache_shmcb.load", "ssl.conf", "ssl.load", "http2.load")
_MPM = ("mpm_event.conf", "mpm_event.load")
# Other MPMs, and PHP inside Apache, which forces prefork. Its package enables both.
_INSIDE = ("8.5", "8.4", "8.3", "8.2", "8.1", "8.0", "7.4")
_CONFLICTS = tuple(
    f"{name}.{end}" for name in ("mpm_prefork", "mpm_worker", *(f"php{v}" for v in _INSIDE)) for end in ("conf", "load")
)
# Debian's security.conf sets ServerTokens and ServerSignature as well: the last setting wins.
_LAST = "zz-lampctl.conf"


# Of vhosts that refuse every request: a certificate that names no site. No site can have its name.
REFUSED = Certificate("@refused", "web", ("lampctl.invalid",))


def mark(context: Context) -> str:
    """The key that lampctl owns if it deployed Apache."""
    return f"file:{context.platform.web['apache'].root}/conf-available/lampctl.conf"


def server(context: Context, tier: Tier) -> Desired:
    """Apache as a whole, with the modules that the sites use."""
    root = tier.names.root
    files = sorted({file for vhost in tier.vhosts.values() for file in vhost.apache.files})
    return Desired(
        resources=(
            # A drop-in can't undo a Listen directive, so the package's file is replaced as a whole.
            File(f"{root}/ports.conf", "web", "apache/ports.conf.j2", {"behind": tier.behind}, divert=True),
            File(f"{root}/conf-available/lampctl.conf", "web", "apache/server.conf.j2", _values(context, tier)),
            Symlink(f"{root}/conf-enabled/{_LAST}", "web", "../conf-available/lampctl.conf"),
            AbsentSymlink(f"{root}/conf-enabled/lampctl.conf", "web", "../conf-available/lampctl.conf"),  # 0.1's name
            *(File(f"{root}/{path}", "web", template, {}) for path, template in files),
            *_enabled(root, _modules(context, tier)),
            *(PackagedSymlink(f"{root}/mods-enabled/{name}", "web", f"../mods-available/{name}") for name in _MPM),
            *(AbsentSymlink(f"{root}/mods-enabled/{name}", "web", f"../mods-available/{name}") for name in _CONFLICTS),
        ),
        checks=(reachable.modules(tier, _all_modules(context, tier), _CONFLICTS),),
        preflights=(
            Preflight("web.modules", script("web/inside", root=root), _judge_inside),
            edited(
                tier.names, "ports.conf", "move what it adds into conf-enabled/*.conf, and restore the package's file"
            ),
            *_foreign(root, tier),
        ),
    )


def _foreign(root: str, tier: Tier) -> tuple[Preflight, ...]:
    """Vhosts that nobody could reach any more, if Apache moves behind another server."""
    probe = script("web/foreign", root=root, port=tier.behind)
    return (Preflight("web.foreign", probe, _judge_foreign),) if tier.behind else ()


def _values(context: Context, tier: Tier) -> dict[str, object]:
    return {
        "mpm": sizing.mpm(context.playbook, context.facts),
        "options": context.playbook.web,
        "behind": tier.behind,
        "front": front.NAMES,
        "types": media.TYPES,
        "compressed": media.COMPRESSED,
    }


def _all_modules(context: Context, tier: Tier) -> tuple[str, ...]:
    secured = not tier.behind and any(https_of(context, site) for site in tier.vhosts)
    return (*_MPM, *_modules(context, tier), *(_TLS_MODULES if secured else ()))


def _modules(context: Context, tier: Tier) -> dict[str, None]:
    """Each module once: those of every vhost, and what the handlers need."""
    used = sorted({module for vhost in tier.vhosts.values() for module in vhost.apache.modules})
    asked = sorted({module for site in tier.vhosts for module in rules.modules(context.playbook.sites[site])})
    return dict.fromkeys((*_MODULES, *used, *asked, *(_BEHIND if tier.behind else ())))


def tls(names: WebNames, values: Mapping[str, object]) -> tuple[Resource, ...]:
    root = names.root
    return (
        Package("openssl", "web"),
        REFUSED,
        File(
            f"{root}/conf-available/lampctl-tls.conf", "web", "apache/tls.conf.j2", {**values, "refused": REFUSED.pair}
        ),
        Symlink(f"{root}/conf-enabled/lampctl-tls.conf", "web", "../conf-available/lampctl-tls.conf"),
        *_enabled(root, _TLS_MODULES),
    )


def _enabled(root: str, modules: Iterable[str]) -> tuple[Symlink, ...]:
    return tuple(Symlink(f"{root}/mods-enabled/{name}", "web", f"../mods-available/{name}") for name in modules)


def mpm(root: str) -> tuple[str, ...]:
    """The paths that a restart reads, and no reload."""
    return tuple(f"{root}/mods-enabled/{name}" for name in (*_MPM, *_CONFLICTS))


def link(site: str, default: bool) -> str:
    """Apache's first vhost answers for unknown names: 00- sorts before Debian's 000-default.conf."""
    return f"00-{site}.conf" if default else f"{site}.conf"


def on_change(context: Context) -> Action:
    """A reload keeps connections, but can't raise the ServerLimit that Apache was started with."""
    return Action.RESTART if sizing.mpm(context.playbook, context.facts).beyond else Action.RELOAD


def rebinds(names: WebNames) -> tuple[Rebind, ...]:
    """At a reload, Apache keeps its sockets while it binds new ones: if the port is in use by one of them, it exits."""
    return (Rebind(f"{names.root}/ports.conf", moves_a_port),)


# The names that an enabled vhost answers for: one per word after the directive.
NAMES = "Server(Name|Alias)"


def _judge_foreign(raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    if not raw.strip() or not changing:
        return []
    file = raw.splitlines()[0]
    message = f"{file} would no longer be served: NGINX takes port 80 from Apache"
    return [Problem("foreign-vhost", message, "add it to the playbook as a site, or disable it: a2dissite")]


def _judge_inside(raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """Refuse to disable PHP inside Apache if a site may need it: its source would be served as text."""
    rows = [line.partition(" ")[::2] for line in raw.splitlines()]
    inside = [name for word, name in rows if word == "inside"]
    needed = ("deployed", "") not in rows or any(word == "site" for word, _ in rows)
    if not inside or not changing or not needed:
        return []
    modules = " ".join(inside)
    return [
        Problem(
            "other-mpm",
            f"Apache has {modules} enabled, not by lampctl, and the event MPM conflicts with it",
            f"if no other site needs it: a2dismod {modules} && a2enmod mpm_event && systemctl restart apache2",
        )
    ]
