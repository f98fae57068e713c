"""What the hosts of a group agree on, by what each reports: who runs hooks, and whose secrets are everybody's.

The first host that the run reaches leads, in the playbook's order. It runs the hooks of a release that no host serves
yet: where one serves it, they have run. It makes a generated secret that no host has.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lampctl.answers import rows
from lampctl.engine import exchange
from lampctl.errors import LampctlError, Refused
from lampctl.facts import Held, nominal
from lampctl.layers import Context, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded, Others
from lampctl.playbook.fleet import of_sites
from lampctl.playbook.sites import SourcedSite
from lampctl.resources import Secret, select
from lampctl.resources.hook import RECORDS
from lampctl.resources.release import HOLDS
from lampctl.resources.shell import quote, script


@dataclass(frozen=True)
class Topics:
    """What a group has to agree on. False: nothing.

    Attributes:
        hooks: Site that has hooks for one host → the ids of the release that is wanted, on any platform.
        before: Those of them that have such a hook before the switch.
        secrets: The generated secrets that are alike on all hosts, by name.
    """

    hooks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    before: frozenset[str] = frozenset()
    secrets: Mapping[str, Secret] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.hooks or self.secrets)

    @property
    def script(self) -> str:
        """Shell that prints what `parse` reads."""
        sites = script("group/report", sites=list(self.hooks), holds=HOLDS, records=RECORDS) if self.hooks else ""
        return sites + reading(self.secrets.values())


@dataclass(frozen=True)
class Report:
    """What a host reports.

    Attributes:
        serves: Sites that serve the wanted release; or a rollback left it, and holds the site.
        ran: Sites whose hooks after the switch have run for it, on this host.
        secrets: The values that it has.
    """

    serves: frozenset[str] = frozenset()
    ran: frozenset[str] = frozenset()
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Terms:
    """What is agreed on for one host.

    Attributes:
        others: What it leaves to others, and gets from them.
        given: The values that it gets, by the name of the file in a batch.
        leader: The host that the others wait for.
        awaits: What it does before the others begin: sites whose hooks it runs, and names of secrets that it makes.
        problem: Why nothing may be changed here.
    """

    others: Others
    given: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    leader: str = ""
    awaits: tuple[str, ...] = ()
    problem: LampctlError | None = None


def topics(loaded: Loaded) -> Topics:
    """What the hosts of a playbook's sites have to agree on."""
    contexts = [
        Context.from_loaded(of_sites(loaded, {}), platform, nominal(platform.id, loaded.playbook.sites))
        for platform in PLATFORMS.values()
    ]
    sites = {name: site.hooks for name, site in loaded.playbook.sites.items() if isinstance(site, SourcedSite)}
    before = frozenset(name for name, hooks in sites.items() if not all(hook.each for hook in hooks.before))
    after = frozenset(name for name, hooks in sites.items() if not all(hook.each for hook in hooks.after))
    ids = {
        name: frozenset(context.sources[name].digest for context in contexts)
        for name in sites
        if name in before | after
    }
    secrets = select(desired(contexts[0]).resources, Secret)
    return Topics(ids, before, {secret.name: secret for secret in secrets if secret.alike})


def reading(secrets: Iterable[Secret]) -> str:
    """Shell that prints rows with the values of secrets."""
    return "".join(f"printf 'secret\\t%s\\t%s\\n' {quote(s.name)} \"$({s.read} 2>/dev/null)\"\n" for s in secrets)


def parse(host: str, topics: Topics, lines: Sequence[str]) -> Report:
    """The report in a host's answer. BadAnswer if a value is not one that lampctl generates."""
    serves, ran, found = set(), set(), {}
    for what, name, text in rows("\n".join(lines), 3):
        wanted = topics.hooks.get(name, frozenset())
        held = Held.parse(text) if what == "held" else None
        if (what == "served" and text.removeprefix("releases/") in wanted) or (held and held.back in wanted):
            serves.add(name)
        elif what == "ran" and text in wanted:
            ran.add(name)
        elif what == "secret" and text and name in topics.secrets:
            found[name] = exchange.secret(host, topics.secrets[name], text)
    return Report(frozenset(serves), frozenset(ran), found)


def agree(host: str, first: str, topics: Topics, reports: Mapping[str, Report]) -> Terms:
    """What is agreed on for a host.

    Args:
        first: The first host of the group, which makes its secrets; the run might not reach it.
        reports: Host → its report, in the group's order, of those that the run reaches.
    """
    leader = next(iter(reports))
    serving = {site: _first(site, {there: one.serves for there, one in reports.items()}) for site in topics.hooks}
    done = {site: _first(site, {there: one.ran for there, one in reports.items()}) for site in topics.hooks}
    sources = {name: _first(name, {there: one.secrets for there, one in reports.items()}) for name in topics.secrets}
    own = reports[host].secrets
    taken = {name: there or leader for name, there in sources.items() if (there or leader) != host}
    taken = {
        name: there for name, there in taken.items() if name not in own or own[name] != reports[there].secrets[name]
    }
    new = tuple(name for name, there in sources.items() if not there)
    return Terms(
        Others(_elsewhere(host, leader, serving), _elsewhere(host, leader, done), taken),
        {f"given/{name}": reports[there].secrets[name] for name, there in taken.items() if name not in new},
        leader,
        (*(site for site, there in serving.items() if site in topics.before and not there), *new),
        _problem(host, first if first not in reports else "", taken, own, new),
    )


def _first(what: str, found: Mapping[str, Container[str]]) -> str:
    """The first host that has it; empty if none has."""
    return next((host for host, names in found.items() if what in names), "")


def _elsewhere(host: str, leader: str, known: Mapping[str, str]) -> dict[str, str]:
    """Site → the host that ran its hooks or, if none has, the leader; without those of this host."""
    return {site: there or leader for site, there in known.items() if (there or leader) != host}


def _problem(
    host: str, away: str, taken: Mapping[str, str], own: Mapping[str, bytes], new: Sequence[str]
) -> Refused | None:
    """Why nothing may be changed on the host. `away`: the first host of the group, if the run does not reach it."""
    if differing := [name for name in taken if name in own]:
        name, there = differing[0], taken[differing[0]]
        path = Secret(name, "site").path
        return Refused(
            f"{host}: the secret {name} differs from that of {there}: sessions, and what was encrypted with one value, "
            "can't be read with the other",
            f"decide which one stays; then, on each host with the other one: mv {path} /root/",
            kind="secret-differs",
            evidence="\n".join(f"also: {other}" for other in differing[1:]),
        )
    if new and away:
        return Refused(
            f"{host}: the secret {new[0]} is made on {away}, the first host, and this run does not reach it",
            f"deploy together with {away}, or put another host first in hosts: of the playbook",
            kind="first-host",
        )
    return None
