"""Playbooks as documents: YAML that is read and merged. The models in `playbook` validate the result."""

from lampctl.documents.layered import READ_BEFORE, Playbooks, layered
from lampctl.documents.yamlfile import Document, Path, Position, parse, short, shown

__all__ = ["READ_BEFORE", "Document", "Path", "Playbooks", "Position", "layered", "parse", "short", "shown"]
