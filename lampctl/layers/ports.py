"""Who listens on a port of the host: before a site is given it, and when the site is to answer there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


# Field 2 is address and port, 4 the state (0A: listens), 8 the uid, 10 the inode. What takes connections to 127.0.0.1:
# that address, 0.0.0.0, and both of them in IPv6.
_FOREIGN = r"""
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v uid="$(id -u {user})" -v ports={ports} '
    BEGIN {{ count = split(ports, listed, " "); for (i in listed) hex[listed[i]] = sprintf("%04X", listed[i]) }}
    $4 == "0A" && $2 ~ /^(0100007F|0+|0+FFFF00000100007F):/ {{
        found = substr($2, index($2, ":") + 1)
        if ($8 == uid) own[found] = 1; else held[found] = $8 " " $10
    }}
    END {{ for (i = 1; i <= count; i++) {{ port = hex[listed[i]]
        if (port in held) print listed[i], held[port]; else if (!(port in own)) print listed[i], "nobody" }} }}
' | while read -r port uid inode; do
    if [ "$uid" = nobody ]; then echo "nobody listens on 127.0.0.1:$port"; continue; fi
    fd=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n1)
    pid=${{fd#/proc/}}; pid=${{pid%%/*}}
    name=$(getent passwd "$uid" | cut -d: -f1)
    program=$(cat "/proc/$pid/comm" 2>/dev/null || echo unknown)
    echo "127.0.0.1:$port is held by ${{name:-user $uid}} ($program, pid ${{pid:-unknown}})"
done
"""


def strangers(user: str, ports: Sequence[int]) -> str:
    """Shell that prints a line for each of `ports` that `user` does not hold: that nobody does, or who does."""
    return _FOREIGN.format(user=quote(user), ports=quote(" ".join(map(str, ports))))
