"""The web servers of a playbook: one, or NGINX with Apache behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lampctl.layers import sizing
from lampctl.layers.base import Context
from lampctl.layers.sites import vhost_of
from lampctl.layers.vhost import Vhost
from lampctl.platforms import WebNames


@dataclass(frozen=True)
class Tier:
    """One server that requests come through."""

    server: str  # the playbook's word for it
    names: WebNames
    vhosts: Mapping[str, Vhost]  # by site
    behind: int = 0  # its port on 127.0.0.1 behind another server; 0: visitors reach it directly
    front: bool = False  # is it in front of another one?


def tiers(context: Context) -> tuple[Tier, ...]:
    """From the one that serves the sites to the one that visitors reach."""
    options = context.playbook.web
    assert options is not None
    served = {site: vhost_of(context, site) for site in context.playbook.sites}
    if context.front is None:
        return (Tier(options.server, context.web, served),)
    assert options.front is not None
    forwarding = {site: _forwarding(vhost) for site, vhost in served.items()}
    return (
        Tier(options.server, context.web, served, behind=options.behind_port),
        Tier(options.front, context.front, forwarding, front=True),
    )


def _forwarding(vhost: Vhost) -> Vhost:
    values = {"websocket": vhost.values.get("websocket", False), "forwarded": vhost.routes}
    return Vhost("front", _same_limit(vhost), values=values, limits=vhost.limits)


def _same_limit(vhost: Vhost) -> sizing.Sized:
    return sizing.Sized(vhost.body_limit.value, f"as behind: {vhost.body_limit.why}")
