"""The releases of a host's sites, read from the host's own record."""

from __future__ import annotations

from collections.abc import Sequence

from lampctl.errors import UsageError, guess
from lampctl.journal import releases
from lampctl.journal.releases import SiteReleases
from lampctl.ssh import Batch, Transport, ask


def releases_of(transport: Transport, site: str = "") -> list[SiteReleases]:
    """Those of one site, or of all sites.

    Raises:
        UsageError: The site has none.
    """
    lines = ask(transport, Batch({"main": releases.listing().encode()}))
    return _of(transport.host, releases.parse("\n".join(lines)), site)


def _of(host: str, found: Sequence[SiteReleases], site: str) -> list[SiteReleases]:
    chosen = [one for one in found if site in ("", one.site)]
    if site and not chosen:
        names = [one.site for one in found]
        known = f"sites with releases: {', '.join(names)}" if names else "no site of this host has releases"
        raise UsageError(f"{host}: {site} has no releases", f"{guess(site, names)}{known}", kind="no-releases")
    return chosen
