"""The layers, and the desired state that they add up to."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from lampctl.extensions import LAYERS as GROUP
from lampctl.extensions import Extension, extensions, refuse
from lampctl.layers.base import Context, Desired, Layer
from lampctl.layers.linux import linux
from lampctl.layers.maintenance import excused
from lampctl.layers.mysql import mysql
from lampctl.layers.php import php
from lampctl.layers.sites import desired_sites
from lampctl.layers.tls import https, tls
from lampctl.layers.web import web
from lampctl.playbook.linux import LinuxOptions
from lampctl.playbook.models import PhpOptions, WebOptions
from lampctl.playbook.mysql import MysqlOptions
from lampctl.resources import Resource, Secret

# The only registration of the built-in layers, in the order of a request's dependencies.
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
    """The built-in layers, and those of extensions, each before the layer that it names.

    Raises:
        UsageError: An extension's layer has the name of another one, or names a layer that does not exist.
    """
    found = list(LAYERS)
    for extension in extensions(GROUP, Layer):
        found.insert(_position(extension, found), extension.value)
    return tuple(found)


def _position(extension: Extension[Layer], found: list[Layer]) -> int:
    names = [layer.name for layer in found]
    name, before = extension.value.name, extension.value.before
    if not name.isidentifier() or name in names:
        raise refuse(extension, f"the layer name {name!r} is taken, or is not an identifier")
    if before not in names:
        raise refuse(extension, f"the layer {name} is to come before {before!r}, which is not a layer")
    return names.index(before)


def desired(context: Context) -> Desired:
    """The desired state of this host.

    The checks follow a request. The web server's resources come last: when it loads its new files, the programs behind
    it run already.
    """
    total = Desired()
    for layer in layers():
        total += layer.desired(context)
        if layer.name == "web":
            for other in layers():
                total += other.behind_web(context) if other.behind_web else Desired()
    found = (_given(context, resource) for resource in total.resources)
    resources = tuple(sorted(found, key=lambda resource: resource.layer == "web"))
    return replace(total, resources=resources, checks=excused(context, total.checks))


def _given(context: Context, resource: Resource) -> Resource:
    """A secret that another host of the group has is taken from there."""
    origin = context.others.secrets.get(resource.name) if isinstance(resource, Secret) else None
    return replace(resource, given=True, origin=origin) if isinstance(resource, Secret) and origin else resource
