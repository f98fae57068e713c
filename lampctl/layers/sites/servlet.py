"""A Java web application in its own Tomcat, behind a Unix socket that systemd holds.

Only the web server can connect to the socket, which stays while Tomcat restarts: requests wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lampctl.checks import Check, Evidence, Status, Verdict, Where
from lampctl.facts import MIB
from lampctl.layers.base import Context, Desired
from lampctl.layers.environment import environment
from lampctl.layers.services import judge
from lampctl.layers.sites import upstreams
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.common import check, home
from lampctl.layers.sites.units import unit_file
from lampctl.layers.sites.upstreams import Member
from lampctl.layers.vhost import Vhost
from lampctl.playbook import home_of, in_bytes, servlet_of, socket_name, user_of
from lampctl.playbook.sites import ServletSite
from lampctl.playbook.sites.servlet import STARTER
from lampctl.resources import Action, File, Package, Service, Symlink
from lampctl.resources.rehearsed import Rehearsed
from lampctl.resources.shell import script

_LAST = 20  # seconds for requests that have begun; WebSockets last as long, while new requests wait
_BESIDE_HEAP = 150  # MiB that Java takes besides its heap
_TRIES = 1  # seconds of patience: ten tries, each of which waits 9 s for an answer while Java starts


def vhost(context: Context, name: str, options: ServletSite) -> Vhost:
    return upstreams.vhost(name, options, _group(context, name), websocket=True, own=True)


def parts(context: Context, name: str, options: ServletSite) -> Desired:
    names = context.platform.tomcat
    base = f"{names.root}/lampctl/{name}"
    application = {
        "socket": _socket(name),
        "application": f"{home_of(name)}/current",
        "state": f"/var/lib/{user_of(name)}",
        "last": min(options.timeout, _LAST),
    }
    server = File(f"{base}/conf/server.xml", "site", "tomcat/server.xml.j2", application)
    # The package's web.xml enables JSPs and static files.
    web_xml = Symlink(f"{base}/conf/web.xml", "site", names.web_xml)
    values = {"tomcat": names, "base": base, "heap": options.heap, "unit": servlet_of(name)}
    file = unit_file(context, name, options, f"{servlet_of(name)}.service", "unit/servlet.service.j2", values)
    given = environment(context, name)
    listens = {"site": name, "socket": _socket(name), "web_user": context.web.user}
    listener = File(f"/etc/systemd/system/{servlet_of(name)}.socket", "site", "unit/servlet.socket.j2", listens)
    paths = (server.path, web_xml.path, file.path, *given.watched)
    services = _services(context, name, options, listener.path, paths)
    files = (server, web_xml, listener, file)
    return Desired(
        resources=(Package(names.package, "site"), *home(context, name), *given.resources, *files, *services),
        checks=_chain(context, name, options, services),
    )


def _chain(context: Context, name: str, options: ServletSite, services: tuple[Service, Service]) -> tuple[Check, ...]:
    group, hint = _group(context, name), f"journalctl -u {services[-1].unit} shows what the program printed"
    return (
        check(name, "service", Where.HOST, "the program runs",
              f"{servlet_of(name)}.service and its socket active, enabled, run the config on disk",
              partial(_judge, services), ("linux.ssh",), None),
        check(name, "port", Where.HOST, "the program answers directly", "an answer below 500 on its socket",
              partial(upstreams.judge_each, group, hint), (f"site.service@{name}",),
              upstreams.probe_each(name, options.page, group)),
        *upstreams.chain(context, name, options, group, (f"site.port@{name}",)),
    )  # fmt: skip


def _judge(services: Sequence[Service], seen: Evidence) -> Verdict:
    """The verdict on the first unit that fails, else on Tomcat."""
    verdicts = [judge(seen, service) for service in services]
    return next((found for found in verdicts if found.status is not Status.PASS), verdicts[-1])


def _socket(name: str) -> str:
    return f"/run/{socket_name('servlet', name)}"


def _group(context: Context, name: str) -> tuple[Member, ...]:
    return (Member(f"http://{name}", socket=_socket(name), user=context.web.user, unit=f"{servlet_of(name)}.service"),)


def _services(
    context: Context, name: str, options: ServletSite, socket: str, files: tuple[str, ...]
) -> tuple[Service, Service]:
    """The socket, which exists before Java has started; and Tomcat, which is ready once it has answered."""
    unit = servlet_of(name)
    ready = script("servlet/ready", site=name, page=options.page.path, socket=_socket(name), account=context.web.user)
    return (
        Service(
            f"{unit}.socket",
            "site",
            on_change=Action.RESTART,
            sockets=(_socket(name),),
            rights=f"600 {context.web.user}:",
            units=(socket,),
        ),
        Service(
            f"{unit}.service",
            "site",
            watch=(f"{home_of(name)}/current",),  # a link: it changes with the release
            on_change=Action.RESTART,
            ready=ready,
            units=files,
            patience=_TRIES,
            site=name,
            rehearsed=Rehearsed(_socket(name), program=True, memory=in_bytes(options.heap) // MIB + _BESIDE_HEAP),
        ),
    )


SERVLET = SiteType(ServletSite, vhost, parts, STARTER)
