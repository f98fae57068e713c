"""Switching a site's maintenance on and off: which addresses pass through, one batch, and what it proved."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lampctl.answers import parse_int, rows, sections
from lampctl.engine import records
from lampctl.engine.library import Files
from lampctl.engine.records import Record
from lampctl.errors import ApplyFailed, Refused, UsageError, locked
from lampctl.journal import runs
from lampctl.journal.runs import Begun
from lampctl.layers.maintenance import Maintenance
from lampctl.legible import one_line
from lampctl.rendering import Renderer
from lampctl.resources.shell import script
from lampctl.ssh import Batch, Transport, ask
from lampctl.ssh.limits import CHANGE_LIMITS

LARGEST = 1 << 20  # bytes of a page
LOCAL = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "::1/128", "0.0.0.0/32", "::/128")))
PAGES = {
    "given": "the given file",
    "own": "maintenance.html of the site",
    "built-in": "built-in",
    "unfit": f"built-in: maintenance.html of the site is not UTF-8, or larger than {LARGEST >> 20} MiB",
}


@dataclass(frozen=True)
class Wanted:
    """What maintenance is to be like. `allowed`: None: the address from which the host is reached."""

    retry_after: int = 300
    allowed: tuple[str, ...] | None = None
    page: bytes | None = None


@dataclass(frozen=True)
class Switched:
    """What became of it.

    Attributes:
        on: Is the site in maintenance now?
        changed: False if it was so already.
        status: Of the site's own page, as the proof got it; None without an answer.
        own_address: `allowed` is the address from which the host is reached.
    """

    host: str
    site: str
    on: bool
    changed: bool
    status: int | None
    retry_after: int = 0
    allowed: tuple[str, ...] = ()
    own_address: bool = False
    page: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The host's part of the JSON document; null where maintenance is off."""
        return {
            "host": self.host,
            "ok": True,
            "site": self.site,
            "maintenance": self.on,
            "changed": self.changed,
            "status": self.status,
            "retry_after": self.retry_after if self.on else None,
            "allowed": list(self.allowed) if self.on else None,
            "page": self.page.replace("unfit", "built-in") if self.on else None,
        }


def networks(given: Sequence[str]) -> tuple[str, ...]:
    """Addresses and networks that pass through, as both web servers write them.

    Raises:
        UsageError: One is not valid, or includes this host itself.
    """
    return tuple(dict.fromkeys(map(_network, given)))


def _network(text: str) -> str:
    try:
        found = ipaddress.ip_network(text.strip())
    except ValueError:
        raise UsageError(
            f"--allow {text!r} is not a valid address or network",
            "an address, such as 203.0.113.7 or 2001:db8::7, or a network, such as 203.0.113.0/24",
        ) from None
    if any(found.version == own.version and found.overlaps(own) for own in LOCAL):
        raise UsageError(
            f"--allow {text} includes the host itself: all its programs and tunnels would pass through",
            "name the addresses of visitors; lampctl's own proof passes through anyway",
        )
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def read_page(path: Path) -> bytes:
    """The page in a file. UsageError if it can't be one."""
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
        content.decode()
    except UnicodeDecodeError:
        raise UsageError(f"--page {path}: is not valid UTF-8", "save the page as UTF-8") from None
    except OSError as error:
        raise UsageError(f"--page {path}: can't be read: {error.strerror}", "name a file with an HTML page") from None
    if not content.strip() or len(content) > LARGEST:
        size = f"larger than {LARGEST >> 20} MiB" if content.strip() else "empty"
        raise UsageError(f"--page {path}: is {size}", "name a file with an HTML page; what it shows is inside of it")
    return content


def switch_on(transport: Transport, site: str, wanted: Wanted, wait: float) -> Switched:
    """Answer visitors of a site with 503 and a page, and prove it.

    Raises:
        UsageError: The host has no such site. Refused: Its vhost was deployed by an older lampctl.
        Locked: Another run has the host's lock. ApplyFailed: It is as it was before.
    """
    record, here = _look(transport, site)
    allowed = here if wanted.allowed is None else wanted.allowed
    maintenance = Maintenance(site, wanted.retry_after, allowed)
    renderer = Renderer(Files().template, "")
    about = {"retry_after": wanted.retry_after, "allowed": list(allowed)}
    files = {
        **{f"new/{file.path}": renderer.text(file).encode() for file in maintenance.files()},
        "new/pass": maintenance.header.encode(),
        "new/about.json": f"{json.dumps(about)}\n".encode(),
        **({"given.html": wanted.page} if wanted.page is not None else {}),
    }
    more: dict[str, str | int] = {"root": record.root, "account": record.user, "largest": LARGEST}
    found = _switch(transport, record, "on", files, wait, more)
    own = wanted.allowed is None
    return replace(found, retry_after=wanted.retry_after, allowed=allowed, own_address=own)


def switch_off(transport: Transport, site: str, wait: float) -> Switched:
    """Answer visitors of a site with its own pages again, and prove it. Raises as `switch_on`."""
    record, _ = _look(transport, site)
    return _switch(transport, record, "off", {}, wait, {})


def _look(transport: Transport, site: str) -> tuple[Record, tuple[str, ...]]:
    """The record of the site, and the address from which the host is reached, unless that is the host itself."""
    main = records.listing() + script("maintenance/look")
    raw = "\n".join(ask(transport, Batch({"main": main.encode()})))
    record = records.chosen(transport.host, records.parse(raw), site)
    if record.door is None:
        raise Refused(
            f"{transport.host}: {site} was deployed by an older lampctl, and its web server knows no maintenance",
            f"lampctl deploy {transport.host} brings it",
            kind="no-record",
        )
    return record, address(next((text for what, text in rows(raw, 2) if what == "from"), ""))


def address(text: str) -> tuple[str, ...]:
    """What sshd says of a client: a link-local address has a zone."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ()
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    address = mapped or found
    return () if any(address in own for own in LOCAL) else (str(address),)


def _switch(
    transport: Transport,
    record: Record,
    state: str,
    files: dict[str, bytes],
    wait: float,
    more: dict[str, str | int],
) -> Switched:
    assert record.door is not None
    begun = Begun.now(f"maintenance {state}", record.site, {})
    main = script(
        *(("enter",) if state == "on" else ()),
        "journal/prune",
        "maintenance/begin",
        f"maintenance/{state}",
        site=record.site,
        names=record.names or (record.site,),
        schemes=record.door.schemes,
        unit=record.door.unit,
        test=record.door.test,
        wait=max(2, round(wait)),
        owner=begun.by,
        id=begun.id,
        most=runs.MOST,
        **more,
    )
    tools = {"http.sh": script("http").encode(), "ask.sh": script("maintenance/ask").encode()}
    batch = Batch({"main": main.encode(), "begun": runs.encode(begun), **tools, **files}, CHANGE_LIMITS)
    return read(transport.host, record.site, state, "\n".join(ask(transport, batch)))


def read(host: str, site: str, state: str, raw: str) -> Switched:
    """Read what the host printed. Raises as `switch_on`."""
    found = sections(raw)
    if "locked" in found:
        raise locked(host, one_line(found["locked"]))
    if "failed" in found or "status" not in found:
        why = one_line(found.get("failed", "the script ended early"))
        raise ApplyFailed(
            f"{host}: {site}: maintenance {state}: {why}; it is as it was before",
            f"lampctl check {host} names what is broken",
            kind="maintenance",
            evidence=found.get("evidence", raw[-2000:]),
        )
    status = parse_int(found["status"].split("\n")[-1].split(" ")[0])
    page = found.get("page", "")
    return Switched(host, site, state == "on", "changed" in found, status, page=page if page in PAGES else "")
