"""What playbooks say, as it is written: YAML, laid over one another. What may be said, the models know, above."""

from lampctl.documents.layered import READ_BEFORE, Playbooks, layered
from lampctl.documents.yamlfile import Document, Path, Position, parse, short, shown

__all__ = ["READ_BEFORE", "Document", "Path", "Playbooks", "Position", "layered", "parse", "short", "shown"]
