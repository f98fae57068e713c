"""A Java web application in a Tomcat of its own."""

from __future__ import annotations

from lampctl.layers.base import Context, Desired
from lampctl.layers.sites import upstreams
from lampctl.layers.sites.units import program
from lampctl.layers.vhost import Vhost
from lampctl.playbook import home_of, user_of
from lampctl.playbook.sites import ServletSite
from lampctl.resources import File, Package, Symlink

_PATIENCE = 90  # seconds until Java has started and the application is there


def vhost(context: Context, name: str, options: ServletSite) -> Vhost:  # noqa: ARG001
    return upstreams.vhost(name, options, upstreams.members(options.ports), websocket=True, own=True)


def parts(context: Context, name: str, options: ServletSite) -> Desired:
    names = context.platform.tomcat
    base = f"{names.root}/lampctl/{name}"
    server = File(
        f"{base}/conf/server.xml",
        "site",
        "tomcat/server.xml.j2",
        {"port": options.port, "application": f"{home_of(name)}/current", "state": f"/var/lib/{user_of(name)}"},
    )
    values = {"tomcat": names, "base": base, "heap": options.heap}
    # The package's own web.xml is what makes JSPs and plain files work.
    files = (server, Symlink(f"{base}/conf/web.xml", "site", names.web_xml))
    run = program(context, name, options, "unit/servlet.service.j2", values, files=files, patience=_PATIENCE)
    return Desired(resources=(Package(names.package, "site"),)) + run
