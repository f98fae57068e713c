"""Playbooks: what a user asks for, in YAML, validated before any host is contacted."""

from lampctl.playbook.load import Library, Loaded, load
from lampctl.playbook.models import Playbook, SiteOptions, database_of, in_bytes, root_of

__all__ = ["Library", "Loaded", "Playbook", "SiteOptions", "database_of", "in_bytes", "load", "root_of"]
