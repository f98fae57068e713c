"""Database hosts and site hosts in one run: their order, and what they exchange.

A database host reports its address; each site host reports the address from which it would connect there. The
database host is deployed first, with accounts for these addresses; then the site hosts, with the passwords and the
authority that verifies the server. Both pass through this process's memory. All hosts connect at once, and one that
can't be reached does not block the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Protocol

from lampctl.engine import exchange
from lampctl.errors import LampctlError
from lampctl.layers.accounts import AUTHORITY
from lampctl.outcome import Outcome
from lampctl.playbook import Loaded
from lampctl.playbook.fleet import database_hosts, of_databases, of_sites, remote, without_schedules
from lampctl.resources import Secret
from lampctl.resources.shell import quote
from lampctl.ssh import Batch, Transport, ask


@dataclass(frozen=True)
class Share:
    """What one host has of a playbook, and the files that its batches get beside it: `given/SITE`, a password."""

    loaded: Loaded
    given: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class Part(Protocol):
    """One host's part in a run."""

    def begin(self, transport: Transport) -> Share:
        """Called once it is connected. LampctlError if it can't continue without another host."""
        ...

    def proved(self, transport: Transport) -> None:
        """Called when its checks are done; the connection is still open."""
        ...

    def end(self, outcome: Outcome | None) -> None:
        """Called at the end, in any case."""
        ...


@dataclass(frozen=True)
class Alone:
    """A host that needs no other host."""

    loaded: Loaded

    def begin(self, transport: Transport) -> Share:  # noqa: ARG002
        return Share(self.loaded)

    def proved(self, transport: Transport) -> None:
        """No other host waits for it."""

    def end(self, outcome: Outcome | None) -> None:
        """No other host waits for it."""


@dataclass
class Databases:
    """A host of databases."""

    host: str
    loaded: Loaded
    whole: bool  # the run is for every host that the playbook lists
    address: Future[str] = field(default_factory=Future)  # where sites reach it; empty if unknown
    passwords: dict[str, bytes] = field(default_factory=dict, repr=False)  # site → its password
    authority: str = ""  # that signed its server's certificate, in PEM
    outcome: Future[Outcome | None] = field(default_factory=Future)
    sites: list[Sites] = field(default_factory=list)

    def begin(self, transport: Transport) -> Share:
        self.address.set_result(_reachable(transport))
        seen = [sites.addresses[self.host].result() for sites in self.sites]
        known = [address for address in dict.fromkeys(seen) if address]
        return Share(of_databases(self.loaded, self.host, self.address.result(), known, self.whole and all(seen)))

    def proved(self, transport: Transport) -> None:
        sites = [site for site, database in remote(self.loaded).items() if database.host == self.host]
        asked = {site: Secret(site, "mysql").read for site in sites}
        asked["@"] = f"openssl x509 -in {quote(AUTHORITY)} 2>/dev/null | base64 -w0"
        script = "".join(f'printf "%s %s\\n" {quote(s)} "$({read} 2>/dev/null)"\n' for s, read in asked.items())
        rows = [line.partition(" ") for line in ask(transport, Batch({"main": script.encode()}))]
        found = {site: value for site, _, value in rows if site in asked and value}
        self.authority = exchange.authority(self.host, found.pop("@", ""))
        self.passwords.update({site: exchange.password(self.host, site, value) for site, value in found.items()})

    def end(self, outcome: Outcome | None) -> None:
        _settle(self.address, "")
        _settle(self.outcome, outcome)


@dataclass
class Sites:
    """A host of sites whose databases are on others."""

    host: str
    loaded: Loaded
    command: str
    databases: Sequence[Databases]
    addresses: dict[str, Future[str]]  # database host → this one's address as it sees it; or empty

    def begin(self, transport: Transport) -> Share:
        reached = {part.host: part.address.result() for part in self.databases}
        loaded = of_sites(self.loaded, reached)
        self._report_addresses(transport, loaded)
        given: dict[str, bytes] = {}
        for part in self.databases:
            outcome = part.outcome.result()
            if self.command == "deploy" and (outcome is None or outcome.error):
                raise _waits(self.host, part.host)
            given |= {f"given/{site}": value for site, value in part.passwords.items()}
        made = {part.host: part.authority for part in self.databases}
        authorities = {site: made[str(database.host)] for site, database in remote(loaded).items()}
        return Share(replace(loaded, authorities=authorities), given)

    def _report_addresses(self, transport: Transport, loaded: Loaded) -> None:
        """Ask the host itself for the source address: it might have several."""
        targets = {str(database.host): database.address for database in remote(loaded).values()}
        for host, address in targets.items():
            if not address:
                raise _nowhere(self.host, host)
        script = "".join(
            f'ip route get "$(getent ahosts {quote(str(a))} | sed -n "s/ .*//p;q")" 2>/dev/null'
            f" | sed -n 's/.* src \\([^ ]*\\).*/{number} \\1/p'\n"
            for number, a in enumerate(targets.values())
        )
        lines = ask(transport, Batch({"main": script.encode()}))
        sources = dict(line.split(" ") for line in lines if line.count(" ") == 1)
        for number, host in enumerate(targets):
            self.addresses[host].set_result(exchange.address(self.host, sources.get(str(number), "")))

    def proved(self, transport: Transport) -> None:
        """No other host waits for it."""

    def end(self, outcome: Outcome | None) -> None:  # noqa: ARG002
        for address in self.addresses.values():
            _settle(address, "")


def parts(loaded: Loaded, targets: Sequence[str], command: str) -> dict[str, Part]:
    """Host → its part; those of databases first."""
    hosts = database_hosts(loaded)
    whole = set(targets) == set(loaded.playbook.hosts) - set(hosts)
    databases = {host: Databases(host, loaded, whole) for host in hosts}
    shares = {host: loaded if _is_first(host, loaded, targets) else without_schedules(loaded) for host in targets}
    if not databases:
        return {host: Alone(shares[host]) for host in targets}
    sites = {
        host: Sites(host, shares[host], command, list(databases.values()), {name: Future() for name in databases})
        for host in targets
    }
    for part in databases.values():
        part.sites.extend(sites.values())
    return {**databases, **sites}


def _is_first(host: str, loaded: Loaded, targets: Sequence[str]) -> bool:
    """Whether it runs the schedules: the first of the playbook's hosts or, if it is not one, the first of the run."""
    listed = [_server(name) for name in loaded.playbook.hosts if name not in database_hosts(loaded)]
    own = _server(host)
    return own == (listed[0] if own in listed else next(one for one in map(_server, targets) if one not in listed))


def _server(name: str) -> str:
    """What tells a host from others, whoever logs in there."""
    return name.rpartition("@")[2].removesuffix(":22")


def _reachable(transport: Transport) -> str:
    if not transport.direct or ip_address(transport.address.split("%")[0]).is_loopback:
        return ""
    return transport.address


def _settle(future: Future, value: object) -> None:  # type: ignore[type-arg]
    if not future.done():
        future.set_result(value)


def _waits(host: str, database: str) -> LampctlError:
    return LampctlError(
        f"{host}: nothing was done, because {database}, which has its databases, failed",
        f"fix {database}, then rerun",
        kind="database-host",
    )


def _nowhere(host: str, database: str) -> LampctlError:
    return LampctlError(
        f"{host}: no address is known for {database}, which has its databases",
        f"if {database} can't be reached from here either, fix that; otherwise set it in the playbook: "
        f"sites: NAME: database: {{host: {database}, address: …}}",
        kind="database-host",
    )
