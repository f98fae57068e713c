"""A playbook for several hosts of a site with hooks and generated secrets."""

from __future__ import annotations

from pathlib import Path

from lampctl.engine.library import Files
from lampctl.playbook import Loaded, load

KEY, ADMIN = "env@a.test@KEY", "login@a.test@ann"
SITE = """
    source: app
    database: true
    environment: {KEY: {secret: generate}, PLAIN: x}
    basic_auth: {ann: {secret: generate}}
    build: [make]
    hooks: {before_switch: [migrate, {command: warm, each: true}], after_switch: [purge]}
"""
A, B = b"A" * 32, b"B" * 32


def loaded(folder: Path, site: str = SITE, hosts: str = "[web1, web2, web3]") -> Loaded:
    (folder / "app").mkdir(exist_ok=True)
    (folder / "app/index.php").write_text("x")
    (folder / "site.yml").write_text(
        f"hosts: {hosts}\nweb: {{}}\nphp: {{}}\nmysql: {{}}\nsites:\n  a.test:{site}  b.test: {{}}\n"
    )
    return load("site.yml", (), Files(folder))
