"""A batch: files and a script that run on the host as root, in one round trip.

On stdin goes one line for sudo (empty where none is needed), then a tar of known size. `sudo -S` and the
shell's `read` take exactly that line; `head -c` takes exactly the tar; what follows is the script's to read.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from lampctl.resources.shell import quote

BEGIN = "@@lampctl-begin"  # the first line that the script prints: we are root

# Exit codes of the preamble, before the script begins.
NO_SUDO = 91
PASSWORD_NEEDED = 92

# One line each: csh can't have line breaks in quotes. The empty line before BEGIN ends what a banner began.
_AS_ROOT = "; ".join(
    (
        "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8",
        "unset ENV BASH_ENV SSH_CLIENT SSH2_CLIENT SSH_CONNECTION",  # or each bash reads ~/.bashrc, with its banner
        "umask 077",
        "d=$(mktemp -d /run/lampctl.XXXXXX) || exit 94",
        """trap '[ -e "$d/keep" ] || rm -rf "$d"' EXIT""",
        "trap 'exit 129' HUP INT TERM",
        'head -c SIZE | tar -xf - -C "$d" && cd "$d" && echo && echo BEGIN && umask 022 && sh ./main',
    )
)

_PREAMBLE = "; ".join(
    (
        "script=SCRIPT",
        'if [ "$(id -u)" = 0 ]; then read -r _; exec sh -c "$script"; fi',
        "command -v sudo >/dev/null || exit 91",
        'if sudo -n true 2>/dev/null; then read -r _; exec sudo -n sh -c "$script"; fi',
        "[ HAVE = 1 ] || { sudo -n true; exit 92; }",  # once more, for what it says
        """exec sudo -k -S -p '' sh -c "$script\"""",
    )
)


@dataclass(frozen=True)
class Batch:
    """`files`: name in the batch's directory → content; `main` is run. Never shown: it may hold secrets."""

    files: Mapping[str, bytes] = field(repr=False)

    def archive(self) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
            for name, content in self.files.items():
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(content), 0o700
                tar.addfile(member, io.BytesIO(content))
        return buffer.getvalue()


def command(size: int, have_password: bool) -> str:
    """The one command that is seen in the host's process list."""
    script = _AS_ROOT.replace("SIZE", str(size)).replace("BEGIN", BEGIN)
    preamble = _PREAMBLE.replace("HAVE", "1" if have_password else "0").replace("SCRIPT", quote(script))
    return f"sh -c {quote(preamble)}"
