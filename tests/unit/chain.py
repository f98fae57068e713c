"""The checks that playbooks come to."""

from __future__ import annotations

from lampctl.checks import Check
from lampctl.engine.library import Files
from lampctl.facts import nominal
from lampctl.layers import Context, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load


def check(id: str, playbook: str = "lamp", *settings: str) -> Check:
    """A check of a built-in playbook, on Debian 13."""
    loaded = load(playbook, settings, Files())
    context = Context.of(loaded, PLATFORMS["debian-13"], nominal("debian-13", loaded.playbook.sites))
    return next(check for check in desired(context).checks if check.id == id)
