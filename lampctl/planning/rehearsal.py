"""What a stage's new files are tried with before anything is replaced: servers and units beside those that serve."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lampctl.checks import Check, HostProbe
from lampctl.layers import Desired
from lampctl.playbook import home_of, user_of
from lampctl.resources import Change, Service, Symlink, select
from lampctl.resources.rehearsed import Rehearsed

MOST = 8  # instances: what breaks one site by a template or a setting breaks these as well


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal starts.

    Attributes:
        servers: Shell commands of web servers, by the configuration on disk.
        instances: Units without their suffix, their sockets and their sites' homes, in turn: they get another instance.
        programs: Units or their templates without their suffix, their sites' homes and users, their ports as one word
            or their socket, and the MiB that they may take, in turn: they get another instance, at a spare one.
        pages: Ids of the checks of sites' pages that passed when the host was last proved.
        switched: Homes of sites and their next releases, in turn: these are in the place of the served ones.
            A site of files alone needs no more.
    """

    servers: tuple[str, ...]
    instances: tuple[str, ...]
    pages: frozenset[str]
    switched: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()


def rehearsal(desired: Desired, changes: Sequence[Change], passed: Mapping[str, str]) -> Rehearsal | None:
    """The rehearsal of the changes; None if they start, restart or reload no server or instance, and switch no site of
    files alone.

    Args:
        passed: Check id -> question, of those that passed when the host was last proved.
    """
    changed = {change.resource for change in changes}
    services = select(desired.resources, Service)
    servers = [service for service in services if service.foreground]
    switched = {link.path: link.target for link in select(desired.resources, Symlink) if link.key in changed}
    again = [service for service in services if service.key in changed or _current(service.site) in switched]
    instances = [service for service in again if service.rehearsed and not service.rehearsed.program][:MOST]
    programs = _programs(services, changed, {_site(c) for c in desired.checks if _is_page(c) and passed.get(c.id)})
    plain = _plain(desired.checks, switched, passed)[: MOST if servers else 0]
    tried = {service.site for service in instances} | programs.keys() | set(plain)
    askable = [one for one in desired.checks if _by_files(one) or (_is_page(one) and _site(one) in programs)]
    pages = [one.id for one in askable if passed.get(one.id) and (_link(one) not in switched or _site(one) in tried)]
    if not pages or not (programs or plain or instances or any(service.key in changed for service in servers)):
        return None
    homes = [(home_of(site), switched.get(_current(site), "")) for site in sorted(tried)]
    return Rehearsal(
        tuple(service.foreground for service in servers),
        tuple(word for s in instances for word in _instance(s)),
        frozenset(pages),
        tuple(word for home, release in homes if release for word in (home, release)),
        tuple(word for words in programs.values() for word in words),
    )


def _instance(service: Service) -> tuple[str, str, str]:
    assert service.rehearsed
    return service.unit.rpartition(".")[0], service.rehearsed.at, home_of(service.site)


def _programs(
    services: Sequence[Service], changed: Collection[str], known: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Site → the words of `Rehearsal.programs`. `known`: sites with a page that could tell what is broken."""
    ports: dict[str, list[tuple[Service, Rehearsed]]] = {}
    for service in services:
        if service.rehearsed and service.rehearsed.program and service.site in known:
            ports.setdefault(service.site, []).append((service, service.rehearsed))
    found = {site: ones for site, ones in ports.items() if any(one.key in changed for one, _ in ones)}
    return {
        site: (
            re.sub(r"(?<=@)[0-9]+$", "", ones[0][0].unit.removesuffix(".service")),
            home_of(site),
            user_of(site),
            " ".join(how.at for _, how in ones),
            str(ones[0][1].memory),
        )
        for site, ones in list(found.items())[:MOST]
    }


def _site(check: Check) -> str:
    return check.id.partition("@")[2]


def _link(check: Check) -> str:
    """What is switched with the code of a page's site."""
    return _current(_site(check))


def _current(site: str) -> str:
    return f"{home_of(site)}/current"


def _is_page(check: Check) -> bool:
    """Of the site's own program; its routes lead to others, which nothing starts beside those that serve."""
    return isinstance(check.probe, HostProbe) and bool(check.probe.accept) and check.id.startswith("site.answer")


def _plain(checks: Sequence[Check], switched: Collection[str], passed: Mapping[str, str]) -> list[str]:
    """The sites of files alone that get another release."""
    return sorted({_site(one) for one in checks if _is_plain(one) and passed.get(one.id) and _link(one) in switched})


def _is_plain(check: Check) -> bool:
    return isinstance(check.probe, HostProbe) and check.probe.plain


def _by_files(check: Check) -> bool:
    return isinstance(check.probe, HostProbe) and check.probe.by_files
