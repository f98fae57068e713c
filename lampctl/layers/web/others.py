"""Files of the web server that are not lampctl's: which of them may be why another answer came."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lampctl.answers import sections
from lampctl.checks import Evidence, HostProbe, Verdict, failed
from lampctl.layers import http
from lampctl.layers.web.tier import Tier
from lampctl.resources.shell import quote, script

SHOWS = {"apache2": "apache2ctl -S", "nginx": "nginx -T"}  # what shows which vhost answers


def pattern(names: Iterable[str]) -> str:
    """What a vhost contains that answers for one of these names, or for any."""
    any_name = r"Server(Name|Alias)[[:space:]]+\*|default_server|server_name[[:space:]]+(_|~)"
    return "|".join((any_name, *map(re.escape, names)))


def probe_with_others(tier: Tier, names: str, call: str) -> HostProbe:
    """Runs the shell command `call`; unless that prints the probe file, the files that may be why are listed.

    Args:
        names: A regular expression: only vhosts that contain it are listed. Other files always are.
    """
    return HostProbe(http.LIBRARY + script("web/instead", root=tier.names.root, names=names, call=call))


def others(seen: Evidence) -> list[str]:
    """The files that `probe_with_others` found, the newest first."""
    return sections(seen.raw).get("others", "").split()


def judge_others(tier: Tier, actual: str, evidence: str, seen: Evidence, hint: str = "") -> Verdict:
    """A failure; if files of others may be the cause, they are named."""
    unit, found = tier.names.unit.removesuffix(".service"), others(seen)
    if not found:
        return failed(actual, evidence, hint or f"{SHOWS[unit]} shows which vhost answers")
    off = f"mv {quote(found[0])} {quote(found[0] + '.off')} && systemctl reload {unit}"
    named = "\n".join(f"not lampctl's: {file}" for file in found[:5])
    return failed(actual, f"{evidence}\n{named}", f"{off} turns off {found[0]}, which is not lampctl's")
