"""Layers: pure functions from a playbook and a host's facts to resources and checks.

A new layer is one file here, one folder in templates/, and its rows in platforms/.
"""

from __future__ import annotations

from lampctl.layers.base import Context, Desired
from lampctl.layers.linux import linux
from lampctl.layers.mysql import mysql
from lampctl.layers.php import php
from lampctl.layers.sites import site
from lampctl.layers.tls import https, tls
from lampctl.layers.web import web

_LAYERS = (linux, tls, mysql, php, web, https, site)


def desired(context: Context) -> Desired:
    """All that this playbook wants of this host."""
    total = Desired()
    for layer in _LAYERS:
        total += layer(context)
    return total


__all__ = ["Context", "Desired", "desired"]
