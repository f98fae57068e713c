"""Every check that the built-in playbooks come to, as any site has it: for the reference and `lampctl explain`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lampctl.checks import Check, Evidence, Verdict, passed
from lampctl.engine.library import Files
from lampctl.facts import nominal
from lampctl.layers import LAYERS, Context, desired, layers
from lampctl.layers.sites import SITE_TYPES, site_types
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded, database_name, load
from lampctl.playbook.examples import mapping
from lampctl.playbook.fleet import database_hosts, of_databases, of_sites
from lampctl.playbook.kinds import literal

PLATFORM = next(iter(PLATFORMS))
_ARCHIVE = "linux.repositories={a: {url: 'http://a.example/', suite: a, key: /usr/share/keyrings/a.gpg}}"
# What no built-in playbook has, and brings checks of its own: a name → (playbook, settings).
MORE = {
    "cgi with nginx": ("cgi", ("web.server=nginx",)),
    "tls: acme": ("tls", ("sites={tls.test: {tls: acme}}",)),
    "database: {host: db1}": ("lamp", ("sites={a.test: {database: {host: db1, address: 10.0.0.7}}}",)),
    "two PHPs": ("lamp", (_ARCHIVE, "sites={a.test: {}, b.test: {php: {version: '8.2', repository: a}}}")),
}


@dataclass(frozen=True)
class Row:
    """One check. `SITE` stands for each site in it, `DATABASE` for its database; how it is done is left out."""

    check: Check
    whole: Check  # as the first playbook has it, with its probe and its judge
    playbooks: list[str] = field(default_factory=list)  # that have it


def catalogue() -> list[Row]:
    """In the order of a request's way. Checks of one name that expect several things have a row for each."""
    found: dict[Check, Row] = {}
    for playbook in Files().builtin():
        for nameless, whole in _rows(playbook).items():
            found.setdefault(nameless, Row(nameless, whole)).playbooks.append(playbook)
    for name, (playbook, settings) in (MORE | _of_extensions()).items():
        known = set(map(_what, found))
        for nameless, whole in _rows(playbook, settings).items():
            if _what(nameless) not in known:
                found[nameless] = Row(nameless, whole, [name])
    return list(found.values())


def _of_extensions() -> dict[str, tuple[str, tuple[str, ...]]]:
    """A playbook for each layer and site type that is not built in, made of the examples of its options."""
    added = {layer.name: layer.options for layer in layers() if layer.options and layer not in LAYERS}
    types = {name: kind.options for name, kind in site_types().items() if kind not in SITE_TYPES}
    return {
        **{name: ("lamp", (f"{name}={literal(mapping(options))}",)) for name, options in added.items()},
        **{
            f"type: {name}": ("lamp", (f"sites={literal({'a.test': mapping(options) | {'type': name}})}",))
            for name, options in types.items()
        },
    }


def _what(check: Check) -> tuple[str, str, str]:
    """What of a check is new to somebody who reads: not each number that it expects."""
    return check.id, check.where, check.title


def _rows(playbook: str, settings: tuple[str, ...] = ()) -> dict[Check, Check]:
    """Each check of a playbook as any site has it → the first that reads so."""
    loaded = load(playbook, settings, Files())
    facts = nominal(PLATFORM, loaded.playbook.sites)
    found: dict[Check, Check] = {}
    for part in _hosts(loaded):
        for check in desired(Context.of(replace(part, sources={}), PLATFORMS[PLATFORM], facts)).checks:
            found.setdefault(_nameless(check), check)
    return found


def _hosts(loaded: Loaded) -> list[Loaded]:
    """What each host of a run has of it."""
    databases = [of_databases(loaded, host, "10.0.0.7", ["10.0.0.8"], True) for host in database_hosts(loaded)]
    return [*databases, of_sites(loaded, {})] if databases else [loaded]


def _judge(_: Evidence) -> Verdict:
    return passed("")


def _nameless(check: Check) -> Check:
    """The check as any site has it; how it is done is left out, so that what reads the same is the same."""
    site = check.id.partition("@")[2]
    names = {site: "SITE", database_name(site): "DATABASE"} if site else {}
    if check.id.startswith("php.service@"):
        names = {site: "VERSION"}

    def general(text: str) -> str:
        for name, word in names.items():
            text = text.replace(name, word)
        return text

    return replace(
        check,
        id=general(check.id),
        title=general(check.title),
        expected=general(check.expected),
        needs=tuple(map(general, check.needs)),
        judge=_judge,
        probe=None,
    )
