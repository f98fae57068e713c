"""What a host needs to switch a site to another release without a playbook: its pages, and what makes services run it.

The host keeps it with the record of what was proved; `lampctl rollback` uses it (host/rollback/compose.sh).
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from lampctl.checks import HostProbe
from lampctl.layers import Desired
from lampctl.layers.sites.page import numbered
from lampctl.resources import Action, File, Release, Service, Symlink, select, systemctl
from lampctl.resources.systemctl import Wait


def switches(desired: Desired, sites: Collection[str], render: Callable[[File], str]) -> dict[str, bytes]:
    """Site -> a tar of what it takes, for those of `sites` that have releases.

    Its members: `keep`, how many other releases stay; `services/NNN` and `undo/NNN`, what makes a service run a
    release, and what makes it run the former one; `page` and `accept`, the script that requests the site's page and the
    one that judges the answer; `page2` and `accept2` those of its second page, and so on; and `about`, a JSON object
    about the first one's check, with a list of such objects about the others.
    """
    homes = {link.path.rpartition("/")[0]: link for link in select(desired.resources, Symlink) if _is_release(link)}
    links = {home.rpartition("/")[2]: link for home, link in homes.items()}
    texts = {file.path: render(file) for file in desired.files} if links.keys() & set(sites) else {}
    return {site: _tar(_members(desired, site, link, texts)) for site, link in links.items() if site in sites}


def _is_release(link: Symlink) -> bool:
    return link.path.endswith("/current") and link.target.startswith("releases/")


def _members(desired: Desired, site: str, link: Symlink, texts: Mapping[str, str]) -> dict[str, str]:
    folder = f"{link.path.rpartition('/')[0]}/{link.target}"
    naming = [path for path, text in texts.items() if folder in text]
    affected = list(_affected(desired, link.path, naming))
    heads = [f"# {service.key} {service.layer}\n" for service, _ in affected]
    waits = [Wait(service.sockets, service.ready, service.patience) for service, _ in affected]
    does = [systemctl.activate(service, action, wait) for (service, action), wait in zip(affected, waits, strict=True)]
    undoes = [systemctl.restore(service, action, crowded=False) for service, action in affected]
    keep = [release.keep for release in select(desired.resources, Release) if release.site == site]
    return {
        **{f"services/{number:03d}": f"{heads[number]}{text}" for number, text in enumerate(does)},
        **{f"undo/{number:03d}": f"{heads[number]}{text}" for number, text in enumerate(undoes)},
        **({"keep": f"{keep[0]}\n"} if keep else {}),
        **_pages(desired, site),
    }


def _affected(desired: Desired, link: str, naming: list[str]) -> Iterator[tuple[Service, Action]]:
    """The services that read the link, or one of the files that name the release."""
    for service in select(desired.resources, Service):
        if any(path in service.units for path in naming):
            yield service, Action.RESTART
        elif service.watch and any(path.startswith(service.watch) for path in naming):
            yield replace(service, units=()), service.on_change  # no unit file changes: systemd has nothing to read
        elif service.watch and link.startswith(service.watch):
            yield replace(service, units=(), test=""), service.on_change  # nor any configuration


def _pages(desired: Desired, site: str) -> dict[str, str]:
    first = f"site.answer@{site}"
    known = [(check, check.probe) for check in desired.checks if first in (check.id, check.beside)]
    pages = [(check, probe) for check, probe in known if isinstance(probe, HostProbe)]
    if not pages:
        return {}
    members: dict[str, str] = {}
    about: list[dict[str, object]] = []
    for number, (check, probe) in enumerate(pages, 1):
        members |= {numbered("page", number): probe.script, numbered("accept", number): probe.accept}
        about.append({"limit": probe.limit, "expected": check.expected, "question": check.question})
    return {**members, "about": f"{json.dumps({**about[0], 'others': about[1:]})}\n"}


def _tar(members: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()
