"""A batch: files and a script that run on the host as root, in one round trip.

On stdin go two lines with sudo's password (empty where there is none), then a tar of known size. `sudo -S` and the
shell's `read` take exactly one line; `head -c` takes exactly the tar; the rest is the script's own input.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from lampctl.resources.shell import quote
from lampctl.ssh.limits import READ_LIMITS, Limits

BEGIN = "@@lampctl-begin"  # the first line that the script prints as root

# Exit codes of the preamble, before the script begins.
NO_SUDO = 91
PASSWORD_NEEDED = 92
NO_PLACE = 94  # no directory can be written

# A host that reaches package archives only through a proxy might define it nowhere but in /etc/environment. Every user
# can read that file, so these variables pass on no secrets.
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_ENVIRONMENT = " ".join(
    ('env -i PATH="$PATH" LC_ALL=C.UTF-8 HOME=/root', *(f'${{{name}:+{name}="${name}"}}' for name in _PROXIES))
)
# sudo and sshd close descriptors as well, but not those that a login shell's startup files have opened.
_CLOSED = " ".join(f"{number}>&-" for number in range(3, 10))

# One line each: csh can't have line breaks in quotes. The empty line before BEGIN ends a banner's last line.
_AS_ROOT = "; ".join(
    (
        "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8",
        "unset ENV BASH_ENV SSH_CLIENT SSH2_CLIENT SSH_CONNECTION",  # or each bash reads ~/.bashrc, with its banner
        "umask 077",
        "for p in /run /dev/shm /tmp /var/tmp; do d=$(mktemp -d $p/lampctl.XXXXXX 2>/dev/null)"
        ' && printf %65536s > "$d/space" 2>/dev/null && break; [ -z "$d" ] || rm -rf "$d"; d=; done',
        '[ -n "$d" ] || exit NO_PLACE',
        'echo "$$" > "$d/keep"',  # whose the directory is: a program that outlives this shell puts its own number there
        """trap '[ "$(cat "$d/keep")" != "$$" ] || rm -rf "$d"' EXIT""",
        "trap 'exit 129' HUP INT TERM",
        'head -c SIZE | tar -xf - -C "$d" && cd "$d" && echo && echo BEGIN && umask 022'
        f" && {_ENVIRONMENT} sh ./main {_CLOSED}",
    )
)

# A variable that the shell inherited stays exported when `read` fills it, as `_` is: so this one is unset before.
_DROP = "unset lampctl_line; read -r lampctl_line; read -r lampctl_line; unset lampctl_line"

# sudo asks three times, and PAM counts each; the end of stdin after the first answer counts as the second. So the
# password is tried where stdin stays open after it, and a sudo that prints anything after its prompt is killed at once.
_TRY = (
    "{ { { printf %s \"$lampctl_line\"; echo; exec sh -c 'echo pid=$$ >&3; exec sleep 60'; } </dev/null"
    " | { sh -c 'echo pid=$$ >&3; exec sudo -k -S -p \"@@ask \" true' 2>&3; echo rc=$? >&3; }; } 3>&1 >/dev/null 2>&1"
    " | { pids=; rc=1; while IFS= read -r line; do case $line in"
    ' pid=*) pids="$pids ${line#pid=}"; continue;; *rc=0) rc=0;; *rc=*) ;; "@@ask "*) echo "${line#@@ask }" >&4;;'
    ' *) echo "$line" >&4; continue;; esac; kill -9 $pids; break; done; exit $rc; }; } 4>&2 2>/dev/null || exit 1'
)

_PREAMBLE = "; ".join(
    (
        "script=SCRIPT",
        f'if [ "$(id -u)" = 0 ]; then {_DROP}; exec sh -c "$script"; fi',
        "command -v sudo >/dev/null || exit 91",
        f'if sudo -n true 2>/dev/null; then {_DROP}; exec sudo -n sh -c "$script"; fi',
        "[ HAVE = 1 ] || { sudo -n true; exit 92; }",  # run again to print its message
        "unset lampctl_line; IFS= read -r lampctl_line",
        "TRY",
        "unset lampctl_line",
        """exec sudo -k -S -p '' sh -c "$script\"""",
    )
)


@dataclass(frozen=True)
class Batch:
    """`files`: name in the batch's directory → content; `main` is run. Never shown: it may hold secrets."""

    files: Mapping[str, bytes] = field(repr=False)
    limits: Limits = READ_LIMITS

    def archive(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for name, content in self.files.items():
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(content), 0o700
                tar.addfile(member, io.BytesIO(content))
        return buffer.getvalue()


def command(size: int, has_password: bool, sudo_checked: bool = False) -> str:
    """The only command that shows in the host's process list. `sudo_checked`: the password is known to be right."""
    script = _AS_ROOT.replace("SIZE", str(size)).replace("BEGIN", BEGIN).replace("NO_PLACE", str(NO_PLACE))
    preamble = _PREAMBLE.replace("HAVE", "1" if has_password else "0").replace("TRY", ":" if sudo_checked else _TRY)
    preamble = preamble.replace("SCRIPT", quote(script))
    return f"sh -c {quote(preamble)}"
