"""The layer memcached: a cache in memory, on the host itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import Context, Desired, Layer
from lampctl.layers.services import service_check
from lampctl.playbook.fields import Count, Options
from lampctl.resources import Action, File, Package, Service

from .group import Group

_CONFIG = "/etc/memcached.conf"
_ASK = "bash -c 'exec 3<>/dev/tcp/127.0.0.1/11211 && printf \"version\\r\\nquit\\r\\n\" >&3 && timeout 5 cat <&3'"


class MemcachedOptions(Options):
    """A cache in memory."""

    memory: Annotated[int, Field(ge=8, le=65_536)] = Field(64, description="MiB for what is cached.")
    connections: Count = Field(1024, description="Clients at once.")


def memcached(context: Context) -> Desired:
    options = context.options(MemcachedOptions)
    if options is None:
        return Desired()
    service = Service("memcached.service", "memcached", watch=(_CONFIG,), on_change=Action.RESTART)
    return Desired(
        resources=(
            Group("cache-users", "memcached"),
            Package("memcached", "memcached"),
            File(_CONFIG, "memcached", "memcached/memcached.conf.j2", {"options": options}, divert=True),
            service,
        ),
        checks=(
            service_check("memcached.service", "memcached runs", service),
            Check(
                "memcached.answer", "memcached", Where.HOST, "memcached answers", "its version", _judge,
                needs=("memcached.service",), probe=HostProbe(_ASK),
            ),
        ),
    )  # fmt: skip


def _judge(seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    if seen.raw.startswith("VERSION "):
        return passed(seen.raw.strip())
    return failed("no answer on 127.0.0.1:11211", seen.raw, "journalctl -u memcached")


# Before `php`: what PHP connects to is proved first.
MEMCACHED = Layer("memcached", memcached, MemcachedOptions, before="php")
