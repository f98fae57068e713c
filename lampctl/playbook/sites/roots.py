"""Document roots: a site's own place, apart from other sites' and from the system's."""

from __future__ import annotations

from collections.abc import Mapping

from lampctl.playbook.sites.base import RootedSite, SiteBase
from lampctl.playbook.sites.names import home_of

# Who owns one of these, or a directory inside it, controls the host.
_SYSTEM = (
    *("/bin/", "/boot/", "/dev/", "/etc/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/proc/", "/root/", "/run/"),
    *("/sbin/", "/sys/", "/tmp/", "/usr/", "/var/backups/", "/var/cache/", "/var/lib/apt/", "/var/lib/dpkg/"),
    *("/var/lib/lampctl/", "/var/lib/systemd/", "/var/log/", "/var/run/", "/var/spool/", "/var/tmp/"),
)
# Others have directories in these.
_SHARED = ("/home", "/media", "/mnt", "/opt", "/srv", "/var", "/var/lib", "/var/lib/mysql", "/var/lib/php", "/var/www")


def packaged(root: str) -> bool:
    """Is it a folder of a package's web application? Only packages write there."""
    return root.startswith("/usr/share/")


def apart(sites: Mapping[str, SiteBase]) -> None:
    """ValueError where a root lies in a place that is not its site's own, or contains one."""
    for name, site in sites.items():
        root = site.root if isinstance(site, RootedSite) else None
        if root is None:
            continue
        inside = f"{root}/"
        others = [f"{home_of(other)}/" for other in sites if other != name]
        if any(inside.startswith(other) or other.startswith(inside) for other in others):
            raise ValueError(f"the root {root} of {name} is inside another site's directory, or contains it")
        if (inside.startswith(_SYSTEM) and not packaged(root)) or root in _SHARED:
            raise ValueError(f"the root {root} of {name} is used by the system: give the site a directory of its own")
