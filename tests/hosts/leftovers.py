"""What a run must not leave on a host."""

from __future__ import annotations

from tests.hosts.conftest import Host


def leftovers(host: Host) -> str:
    """Directories of batches, units of rehearsals, and units that failed."""
    return host.sh(
        "ls -d /run/lampctl.* /run/systemd/system/lampctl-* /run/lampctl/lampctl-* 2>/dev/null || :\n"
        "systemctl list-units --all --no-legend 'lampctl-rehearsal*'; systemctl --failed --no-legend"
    )
