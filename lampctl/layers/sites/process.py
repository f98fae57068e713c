"""Any program that listens on $PORT, in several instances behind the web server."""

from __future__ import annotations

from lampctl.layers.base import Context, Desired
from lampctl.layers.sites import upstreams
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.units import program
from lampctl.layers.vhost import Vhost
from lampctl.playbook import home_of
from lampctl.playbook.sites import ProcessSite
from lampctl.playbook.sites.process import STARTER


def vhost(context: Context, name: str, options: ProcessSite) -> Vhost:  # noqa: ARG001
    return upstreams.vhost(name, options, upstreams.members(name, options.ports), websocket=True, own=True)


def parts(context: Context, name: str, options: ProcessSite) -> Desired:
    folder = f"{home_of(name)}/current" if options.source else home_of(name)
    first, _, rest = options.command.partition(" ")
    below = "/" in first and not first.startswith("/")
    command = f"{folder}/{first.removeprefix('./')}" if below else first
    values = {"folder": folder, "command": f"{command} {rest}".strip()}
    return program(context, name, options, "unit/process.service.j2", values)


PROCESS = SiteType(ProcessSite, vhost, parts, STARTER)
