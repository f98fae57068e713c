"""What a host has: its sites, and its last run."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from lampctl.answers import rows
from lampctl.engine import records
from lampctl.engine.observe import cut_short, sections
from lampctl.engine.records import Record
from lampctl.journal import releases, runs
from lampctl.journal.runs import Run
from lampctl.resources.shell import script
from lampctl.ssh import Batch, Transport, as_root


@dataclass(frozen=True)
class SiteStatus:
    """One site. `release`: the id of the one that is served; empty for a site without releases."""

    record: Record
    release: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As in the JSON document; null where there is none."""
        return {
            "site": self.record.site,
            "type": self.record.type,
            "release": self.release or None,
            "php": self.record.php.version if self.record.php else None,
            "certificate_days": self.record.days,
            "maintenance": self.record.maintenance,
        }


@dataclass(frozen=True)
class HostStatus:
    """A host's sites, and its last run; None if no run changed it."""

    host: str
    sites: tuple[SiteStatus, ...]
    last: Run | None

    def as_dict(self) -> dict[str, Any]:
        last = self.last.as_dict() if self.last else None
        return {"host": self.host, "ok": True, "sites": [site.as_dict() for site in self.sites], "last_run": last}


def status_of(transport: Transport) -> HostStatus:
    """Ask a host, in one batch.

    Raises:
        LampctlError: It has no record of a site.
    """
    boundary = f"@@{secrets.token_hex(8)}"
    parts = {"records": records.listing(), "releases": releases.listing(), "runs": script("journal/list")}
    main = script("everyday/status", parts=[*parts], boundary=boundary)
    batch = Batch({**{name: text.encode() for name, text in parts.items()}, "main": main.encode()})
    session = transport.start(batch)
    found = dict(sections(as_root(transport, session), boundary, lambda: cut_short(transport, session)))
    session.finish()
    return parse(transport.host, found["records"], found["releases"], found["runs"])


def parse(host: str, sites: str, served: str, journal: str) -> HostStatus:
    """Read what the parts printed."""
    known = records.parse(sites)
    if not known:
        raise records.no_record(host)
    ids = {one.site: one.served for one in releases.parse(served)}
    found = [run for fields in rows(journal, 4) if (run := _run(*fields))]
    return HostStatus(
        host,
        tuple(SiteStatus(record, ids.get(name, "")) for name, record in known.items()),
        found[-1] if found else None,
    )


def _run(id: str, running: str, begun: str, ended: str) -> Run | None:
    return runs.parse(id, begun, ended, running=running == "running")
