"""What `lampctl init --type TYPE` writes for a type of site."""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "    source: app                     # a folder beside this file; each deploy of a changed one is a release\n"
PHP = """
php:
  extensions: [mysql]               # as the distribution's packages name them: gd, intl, …
  memory_limit: 128M
"""


@dataclass(frozen=True)
class Starter:
    """Parts of a first playbook, as YAML.

    Attributes:
        title: The first line, which says what the playbook deploys.
        options: Lines of the site, indented by four spaces.
        extends: A playbook that it builds on.
        top: Lines before the sites, with the layers that they need.
        example: A folder of the built-in playbooks' files, to begin with.
    """

    title: str
    options: str
    extends: str = ""
    top: str = "\nweb: {server: nginx}             # or apache\n"
    example: str = ""
