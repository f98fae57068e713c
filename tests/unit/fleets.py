"""A playbook for two hosts: a site on one, its database on the other."""

from __future__ import annotations

from pathlib import Path

from lampctl.engine.library import Files
from lampctl.playbook import Loaded, load

TEXT = """
extends: lamp
sites:
  far.test: {database: {host: db1}}
  near.test: {database: true}
"""


def loaded(tmp_path: Path, text: str = TEXT) -> Loaded:
    (tmp_path / "fleet.yml").write_text(text)
    return load(str(tmp_path / "fleet.yml"), [], Files())
