"""Database hosts and site hosts in one run: their order, and what they exchange.

A database host reports its address; each site host reports the address from which it would connect there. The
database host is deployed first, with accounts for these addresses; then the site hosts, with the passwords and the
authority that verifies the server. Both pass through this process's memory. All hosts connect at once, and one that
can't be reached does not block the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from lampctl.engine import exchange
from lampctl.engine.group import grouped
from lampctl.engine.part import Alone, Part, Share, settle
from lampctl.errors import LampctlError
from lampctl.layers.accounts import AUTHORITY
from lampctl.outcome import Outcome
from lampctl.playbook import Loaded
from lampctl.playbook.fleet import database_hosts, of_databases, of_sites, remote, without_schedules
from lampctl.resources import Secret
from lampctl.resources.shell import quote
from lampctl.ssh import Batch, Transport, ask


@dataclass
class Databases(Part):
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
        settle(self.address, "")
        settle(self.outcome, outcome)


@dataclass
class Sites(Part):
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
            if self.command == "deploy" and not part.outcome.done():
                self.note(f"waits for {part.host}, which has its databases")
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

    def end(self, outcome: Outcome | None) -> None:  # noqa: ARG002
        for address in self.addresses.values():
            settle(address, "")


def parts(loaded: Loaded, targets: Sequence[str], command: str) -> dict[str, Part]:
    """Host → its part; those of databases first."""
    hosts = database_hosts(loaded)
    whole = set(targets) == set(loaded.playbook.hosts) - set(hosts)
    databases = {host: Databases(host, loaded, whole) for host in hosts}
    groups = _groups(loaded, targets)
    firsts = [first for first, _ in groups]
    shares = {host: loaded if host in firsts else without_schedules(loaded) for host in targets}
    if not databases:
        return grouped(loaded, {host: Alone(shares[host]) for host in targets}, groups, command)
    sites = {
        host: Sites(host, shares[host], command, list(databases.values()), {name: Future() for name in databases})
        for host in targets
    }
    for part in databases.values():
        part.sites.extend(sites.values())
    return {**databases, **grouped(loaded, sites, groups, command)}


def _groups(loaded: Loaded, targets: Sequence[str]) -> list[tuple[str, list[str]]]:
    """(the first host, the hosts of the run in order) of the playbook's hosts, and of those that it does not list.

    The first host runs the schedules. The playbook's first host might not be in the run.
    """
    listed = [name for name in loaded.playbook.hosts if name not in database_hosts(loaded)]
    places = {_server(name): number for number, name in reversed(list(enumerate(listed)))}
    own = sorted((host for host in targets if _server(host) in places), key=lambda host: places[_server(host)])
    rest = [host for host in targets if _server(host) not in places]
    first = next((host for host in own if places[_server(host)] == 0), listed[0] if listed else "")
    return [*([(first, own)] if own else []), *([(rest[0], rest)] if rest else [])]


def _server(name: str) -> str:
    """What tells a host from others, whoever logs in there."""
    return name.rpartition("@")[2].removesuffix(":22")


def _reachable(transport: Transport) -> str:
    if not transport.direct or ip_address(transport.address.split("%")[0]).is_loopback:
        return ""
    return transport.address


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
