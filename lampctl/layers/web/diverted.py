"""Files of a web server's package that lampctl replaces as a whole, unless they were edited."""

from __future__ import annotations

from functools import partial

from lampctl.facts import Facts
from lampctl.layers.base import Preflight, Problem
from lampctl.platforms import WebNames
from lampctl.resources.shell import script


def edited(names: WebNames, file: str, hint: str, more: str = ":") -> Preflight:
    """Refuse to replace `file` if it was edited. `more`: shell: prints `site PATH` of sites that only it includes."""
    path = f"{names.root}/{file}"
    probe = script("web/edited", file=path, packages=(names.package, f"{names.package}-common"), more=more)
    return Preflight(f"web.{names.package}.edited", probe, partial(_judge, path, hint))


def _judge(path: str, hint: str, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    lines = raw.splitlines()
    if not lines or not changing:
        return []
    site = next((line.removeprefix("site ") for line in lines if line.startswith("site ")), "")
    if site:
        return [Problem("foreign-vhost", f"{site} would no longer be served", f"rename it: mv {site} {site}.conf")]
    return [Problem("conflict", f"{path} was edited, and lampctl would replace it", hint)]
