"""Site types: each is one file that says how the web server answers (`vhost`), what the site is made of and how it
is proved (`parts`)."""

from __future__ import annotations

from typing import Any, Protocol

from lampctl.layers.base import Context, Desired
from lampctl.layers.sites import cgi, php, static, wordpress
from lampctl.layers.vhost import Vhost


class SiteType(Protocol):
    """What each of the modules here has; `options` is the model of its type (playbook/sites.py)."""

    def vhost(self, context: Context, name: str, options: Any) -> Vhost: ...

    def parts(self, context: Context, name: str, options: Any) -> Desired: ...


TYPES: dict[str, SiteType] = {"cgi": cgi, "php": php, "static": static, "wordpress": wordpress}


def site(context: Context) -> Desired:
    """All sites of the playbook."""
    total = Desired()
    for name, options in context.playbook.sites.items():
        total += TYPES[options.type].parts(context, name, options)
    return total


def vhost_of(context: Context, name: str) -> Vhost:
    options = context.playbook.sites[name]
    return TYPES[options.type].vhost(context, name, options)
