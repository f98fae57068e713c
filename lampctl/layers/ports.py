"""Who has a port of the host, found out before somebody else is to have it."""

from __future__ import annotations

from collections.abc import Iterable

from lampctl.resources.shell import quote

# /proc alone tells: ss is not everywhere. The look through all open files is taken only where somebody listens.
_HOLDERS = r"""
if {running}; then exit 0; fi
inodes=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" && $2 ~ /:{port:04X}$/ {{ print $10 }}')
for inode in $inodes; do
    fd=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n1)
    pid=${{fd#/proc/}}; pid=${{pid%%/*}}
    echo "{port} $pid $(cat "/proc/$pid/comm" 2>/dev/null)"
done
"""


def holders(port: int, units: Iterable[str]) -> str:
    """Shell that prints `PORT PID NAME` of who listens on `port`; nothing while one of `units` is active."""
    running = " || ".join(f"systemctl is-active --quiet {quote(unit)}" for unit in units)
    return _HOLDERS.format(port=port, running=running)
