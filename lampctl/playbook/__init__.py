"""Playbooks: the desired state in YAML, validated before any host is contacted."""

from lampctl.playbook.fields import in_bytes
from lampctl.playbook.linux import RepositoryOptions
from lampctl.playbook.load import Client, Library, Loaded, Others, load, unknown
from lampctl.playbook.models import Playbook
from lampctl.playbook.sites import (
    TlsOptions,
    code_of,
    database_name,
    database_of,
    former_user_of,
    home_of,
    root_of,
    servlet_of,
    slice_of,
    socket_name,
    unit_of,
    user_of,
)

__all__ = [
    "Client",
    "Library",
    "Loaded",
    "Others",
    "Playbook",
    "RepositoryOptions",
    "TlsOptions",
    "code_of",
    "database_name",
    "database_of",
    "former_user_of",
    "home_of",
    "in_bytes",
    "load",
    "root_of",
    "servlet_of",
    "slice_of",
    "socket_name",
    "unit_of",
    "unknown",
    "user_of",
]
