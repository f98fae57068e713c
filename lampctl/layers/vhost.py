"""How a web server answers for one site: what a site type says, and both servers' templates are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lampctl.layers.sizing import Sized

# Files here are served under /.well-known/acme-challenge/ for every site: what an ACME server asks for, and the
# probe of sites that have no files of their own.
WELL_KNOWN = "/var/www/lampctl"
WELL_KNOWN_URL = "/.well-known/acme-challenge/"


@dataclass(frozen=True)
class Vhost:
    """`handler` names a template below SERVER/handlers/; `values` are what that template needs."""

    handler: str
    body_limit: Sized
    root: str = ""  # document root; empty where the site has no files
    values: Mapping[str, object] = field(default_factory=dict)
    own: tuple[str, str] = ("", "")  # (folder, URL) of files that are this site's alone, where its root's are not

    @property
    def probe_root(self) -> str:
        """Where a static file lies that this site serves."""
        return self.own[0] or self.root or WELL_KNOWN

    @property
    def probe_url(self) -> str:
        return self.own[1] or ("/" if self.root else WELL_KNOWN_URL)
