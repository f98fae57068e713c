"""The layers that exist, and what they want together."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from lampctl.extensions import LAYERS as GROUP
from lampctl.extensions import Extension, extensions, refuse
from lampctl.layers.base import Context, Desired, Layer
from lampctl.layers.linux import linux
from lampctl.layers.mysql import mysql
from lampctl.layers.php import php
from lampctl.layers.sites import desired_sites
from lampctl.layers.tls import https, tls
from lampctl.layers.web import web
from lampctl.playbook.models import LinuxOptions, MysqlOptions, PhpOptions, WebOptions

# The only registration of the built-in layers, in the order in which a request's needs meet them.
LAYERS = (
    Layer("linux", linux, LinuxOptions),
    Layer("tls", tls, path="sites.NAME.tls", behind_web=https),
    Layer("mysql", mysql, MysqlOptions),
    Layer("php", php, PhpOptions),
    Layer("web", web, WebOptions),
    Layer("site", desired_sites, path="sites.NAME", title="The sites."),
)


@cache
def layers() -> tuple[Layer, ...]:
    """The built-in layers, and those of extensions in the places that they ask for.

    Raises:
        UsageError: A layer of an extension has the name of another one, or asks for a place that does not exist.
    """
    found = list(LAYERS)
    for extension in extensions(GROUP, Layer):
        found.insert(_place(extension, found), extension.value)
    return tuple(found)


def _place(extension: Extension[Layer], found: list[Layer]) -> int:
    names = [layer.name for layer in found]
    name, before = extension.value.name, extension.value.before
    if not name.isidentifier() or name in names:
        raise refuse(extension, f"the layer {name!r} has a name that is taken, or not a word of letters and _")
    if before not in names:
        raise refuse(extension, f"the layer {name} asks for a place before {before!r}, which is not a layer")
    return names.index(before)


def desired(context: Context) -> Desired:
    """All that this playbook wants of this host.

    The checks follow a request. Of the resources those of the web server are last: when it loads its new files, the
    programs that it sends requests to are there.
    """
    total = Desired()
    for layer in layers():
        total += layer.desired(context)
        if layer.name == "web":
            for other in layers():
                total += other.behind_web(context) if other.behind_web else Desired()
    return replace(total, resources=tuple(sorted(total.resources, key=lambda resource: resource.layer == "web")))
