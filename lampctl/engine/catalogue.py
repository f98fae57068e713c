"""Every check of the built-in playbooks, with placeholders for names: for the reference and `lampctl explain`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lampctl.checks import Check, Evidence, Verdict, passed
from lampctl.engine.library import Files
from lampctl.facts import Facts, Held, nominal
from lampctl.layers import LAYERS, Context, Desired, desired, layers
from lampctl.layers.sites import SITE_TYPES, site_types
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded, database_name, load
from lampctl.playbook.examples import mapping
from lampctl.playbook.fleet import database_hosts, of_databases, of_sites
from lampctl.playbook.kinds import literal
from lampctl.resources.kind import States
from lampctl.resources.service import SERVICES
from lampctl.resources.unit import UnitState

PLATFORM = next(iter(PLATFORMS))
_ARCHIVE = "linux.repositories={a: {url: 'http://a.example/', suite: a, key: /usr/share/keyrings/a.gpg}}"
# Configurations with further checks that no built-in playbook has: a name → (playbook, settings).
MORE = {
    "cgi with nginx": ("cgi", ("web.server=nginx",)),
    "tls: acme": ("tls", ("sites={tls.test: {tls: acme}}",)),
    "database: {host: db1}": ("lamp", ("sites={a.test: {database: {host: db1, address: 10.0.0.7}}}",)),
    "workers, schedule": (
        "lamp",
        ("sites={a.test: {workers: {a: {command: a}}, schedule: {a: {every: '@daily', command: a}}}}",),
    ),
    "routes": (
        "process",
        (
            "sites={a.test: {type: static, routes: {/b/: {site: b.test}, /c/: {upstream: 'http://c.example'}}}, "
            "b.test: {type: process, command: b, port: 8000}}",
        ),
    ),
    "limits": ("lamp", ("sites={a.test: {limits: {/b/: {body_limit: 1M}}}}",)),
    "multisite": ("lamp", ("sites={a.test: {type: wordpress, multisite: subdirectory}}",)),
    "mail": ("lamp", ("sites={a.test: {mail: {relay: smtp.a.example}}}",)),
    "probe: [/, /shop]": ("lamp", ("sites={a.test: {probe: [/, /shop]}}",)),
    "two PHPs": ("lamp", (_ARCHIVE, "sites={a.test: {}, b.test: {php: {version: '8.2', repository: a}}}")),
}


@dataclass(frozen=True)
class Row:
    """One check. `SITE` stands for each site in it, `DATABASE` for its database; how it is done is left out.

    Attributes:
        whole: The check as the first playbook has it, with its probe and its judge.
        dead: What would be observed of a host on which this playbook's units are installed, none of them runs, and
            nothing else exists.
        playbooks: Those that have the check.
    """

    check: Check
    whole: Check
    dead: Evidence
    playbooks: list[str] = field(default_factory=list)


def catalogue() -> list[Row]:
    """In the order of the request path. Checks of one name that expect several things have a row for each."""
    found: dict[Check, Row] = {}
    for playbook in Files().builtin():
        for row in _rows(playbook):
            found.setdefault(row.check, row).playbooks.append(playbook)
    for name, (playbook, settings) in (MORE | _of_extensions()).items():
        known = set(map(_what, found))
        for row in _rows(playbook, settings):
            if _what(row.check) not in known:
                found[row.check] = replace(row, playbooks=[name])
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
    """What makes a check a new row for a reader: not every number that it expects."""
    return check.id, check.where, check.title


def _rows(playbook: str, settings: tuple[str, ...] = ()) -> list[Row]:
    """The checks of a playbook with placeholders for names, each with the first check that reads like it."""
    loaded = load(playbook, settings, Files())
    held = {site: Held(source.digest, source.digest) for site, source in loaded.sources.items()}
    sites = loaded.playbook.sites
    facts = replace(nominal(PLATFORM, sites), held=held, maintenance=frozenset(sites))
    found: dict[Check, Row] = {}
    for part in split_by_host(loaded):
        wanted = desired(Context.from_loaded(part, PLATFORMS[PLATFORM], facts))
        dead = Evidence("", _BROKEN, _dead(wanted))
        for check in wanted.checks:
            nameless = _nameless(check)
            found.setdefault(nameless, Row(nameless, check, dead))
    return list(found.values())


_BROKEN = Facts(
    PLATFORM,
    memory_available=0,
    disk={"/": (1, 0)},
    clock_skew=3600.0,
    systemd="degraded",
    failed_units=("x.service",),
)


def _dead(wanted: Desired) -> States:
    keys = (service.key for service in SERVICES.select(wanted.resources))
    return States().updated(SERVICES, dict.fromkeys(keys, UnitState(loaded=True)))


def split_by_host(loaded: Loaded) -> list[Loaded]:
    """Split a playbook into the part of each host: its database hosts, then the host of its sites."""
    databases = [of_databases(loaded, host, "10.0.0.7", ["10.0.0.8"], True) for host in database_hosts(loaded)]
    return [*databases, of_sites(loaded, {})] if databases else [loaded]


def _judge(_: Evidence) -> Verdict:
    return passed("")


def _nameless(check: Check) -> Check:
    """The check with placeholders for names, without its probe and judge: checks that read the same are equal."""
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
        slow="",
        judge=_judge,
        probe=None,
        about=(),
    )
