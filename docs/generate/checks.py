"""checks.md: every check that the built-in playbooks come to, from the Check objects themselves."""

from __future__ import annotations

from docs.generate.markdown import table
from lampctl.checks import Check
from lampctl.engine.catalogue import MORE, PLATFORM, catalogue
from lampctl.engine.library import Files
from lampctl.platforms import PLATFORMS
from lampctl.playbook.kinds import code
from lampctl.urls import checks as smoke
from lampctl.urls.url import Url

INTRO = """# Checks

What `lampctl check` and the end of `lampctl deploy` look at, in the order of a request's way, as the
built-in playbooks have it on {platform}; and what *{more}* have
beyond that. `SITE` stands for each site, `DATABASE` for its database, `VERSION` for each version of PHP.

A check runs on the **host**, through an SSH **tunnel** to it, or from **outside**, which is the machine that lampctl
runs on. What comes of it is `pass`; `fail`: this hop is broken; `blocked`: a hop that it needs is broken; `unknown`: it
could not be tried, which says nothing about the hop; or `skipped`. The culprit is the first that fails.

After the hops, `lampctl check` compares: where a deploy would change something, `state.SITE` or `state.LAYER` fails and
says how many differences there are, and a hop that fails above them says so. Nothing else is named `state`."""


SMOKE = """What `lampctl smoke https://SITE/` looks at, from outside; each check needs the one before it. The
target of a redirect gets the same checks. `http.body` is there with `--expect`, `http.time` with `--max-ms`, and
`http.redirect` where there are redirects."""


def page() -> str:
    found = {row.check: row.playbooks for row in catalogue()}
    builtin = list(Files().builtin())
    layers = dict.fromkeys(row.layer for row in found)
    sections = [_section(layer, found, builtin) for layer in layers]
    more = "*, *".join(MORE)
    return "\n\n".join([INTRO.format(platform=PLATFORMS[PLATFORM].title, more=more), *sections, _smoke()])


def _smoke() -> str:
    """Of https://SITE/, with all that may be asked of it."""
    url = Url.parse("https://site/")
    wanted = smoke.Wanted(texts=("TEXT",), most=800)
    checks = (smoke.resolves(url, ()), smoke.connects(url, ()), smoke.trusted(url, ()), smoke.redirected([url], "", ()))
    rows = [
        (code(c.id.replace("site", "SITE")), c.title, c.expected)
        for c in (*checks, *smoke.answers(wanted, smoke.Got(), ()))
    ]
    return f"## smoke\n\n{SMOKE}\n\n{table(('check', 'what', 'expected'), rows)}"


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
