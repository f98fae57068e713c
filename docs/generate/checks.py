"""checks.md: every check that the built-in playbooks come to, from the Check objects themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from docs.generate.markdown import code, table
from lampctl.checks import Check, Evidence, Verdict, passed
from lampctl.engine.library import Files
from lampctl.facts import nominal
from lampctl.layers import Context, desired, urls
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load

PLATFORM = next(iter(PLATFORMS))
ARCHIVE = "linux.repositories={a: {url: 'http://a.example/', suite: a, key: /usr/share/keyrings/a.gpg}}"
# What no built-in playbook has, and brings checks of its own: a name → (playbook, settings).
MORE = {
    "cgi with nginx": ("cgi", ("web.server=nginx",)),
    "tls: acme": ("tls", ("sites={tls.test: {tls: acme}}",)),
    "two PHPs": ("lamp", (ARCHIVE, "sites={a.test: {}, b.test: {php: {version: '8.2', repository: a}}}")),
}

INTRO = """# Checks

What `lampctl check` and the end of `lampctl deploy` look at, in the order of a request's way, as the
built-in playbooks have it on {platform}; and what *{more}* have
beyond that. `SITE` stands for each site, `DATABASE` for its database, `VERSION` for each version of PHP.

A check runs on the **host**, through an SSH **tunnel** to it, or from **outside**, which is the machine that lampctl
runs on. What comes of it is `pass`; `fail`: this hop is broken; `blocked`: a hop that it needs is broken; `unknown`: it
could not be tried, which says nothing about the hop; or `skipped`. The culprit is the first that fails."""


SMOKE = """What `lampctl smoke https://SITE/` looks at, from outside alone; each check needs the one before it. A
redirect leads to the same checks of its target. `http.body` is there with `--expect`, `http.time` with `--max-ms`, and
`http.redirect` where there are redirects."""


def page() -> str:
    found: dict[Check, list[str]] = {}  # → the playbooks that have it
    builtin = list(Files().builtin())
    for playbook in builtin:
        for row in dict.fromkeys(map(_nameless, _checks(playbook))):
            found.setdefault(row, []).append(playbook)
    for name, (playbook, settings) in MORE.items():
        for row in dict.fromkeys(map(_nameless, _checks(playbook, settings))):
            if (row.id, row.title) not in {(known.id, known.title) for known in found}:
                found[row] = [name]
    layers = dict.fromkeys(row.layer for row in found)
    sections = [_section(layer, found, builtin) for layer in layers]
    more = "*, *".join(MORE)
    return "\n\n".join([INTRO.format(platform=PLATFORMS[PLATFORM].title, more=more), *sections, _smoke()])


def _smoke() -> str:
    """Of https://SITE/, with all that may be asked of it."""
    url = urls.Url.parse("https://site/")
    wanted = urls.Wanted(texts=("TEXT",), most=800)
    checks = (urls.resolves(url, ()), urls.connects(url, ()), urls.trusted(url, ()), urls.led([url], "", ()))
    rows = [(code(c.id.replace("site", "SITE")), c.title, c.expected) for c in (*checks, *urls.answers(wanted, 0, ()))]
    return f"## smoke\n\n{SMOKE}\n\n{table(('check', 'what', 'expected'), rows)}"


def _checks(playbook: str, settings: tuple[str, ...] = ()) -> Iterator[Check]:
    loaded = load(playbook, settings, Files())
    facts = nominal(PLATFORM, loaded.playbook.sites)
    yield from desired(Context(loaded.playbook, loaded.name, PLATFORMS[PLATFORM], facts)).checks


def _judge(_: Evidence) -> Verdict:
    return passed("")


def _nameless(check: Check) -> Check:
    """The check as any site has it; how it is done is left out, so that what reads the same is the same."""
    site = check.id.partition("@")[2]
    names = {site: "SITE", re.sub(r"[^a-z0-9]", "_", site): "DATABASE"} if site else {}
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


def _section(layer: str, found: dict[Check, list[str]], playbooks: list[str]) -> str:
    """Rows of one check stand together, though several playbooks may want several things of it."""
    order = {row.id: number for number, row in reversed(list(enumerate(found)))}
    rows = sorted((row for row in found if row.layer == layer), key=lambda row: order[row.id])
    head = ["check", "where", "what", "expected", "needs"]
    cells = [[code(r.id), r.where, r.title, r.expected, ", ".join(map(code, r.needs))] for r in rows]
    if len(playbooks) > 1:
        head.append("playbooks")
        cells = [
            [*cell, "all" if found[row] == playbooks else ", ".join(found[row])]
            for cell, row in zip(cells, rows, strict=True)
        ]
    return f"## {layer}\n\n{table(head, cells)}"
