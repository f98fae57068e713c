"""What other playbooks on the same host have made: it stays theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lampctl.observation import Observation
from lampctl.resources import Conflict, Directory, User


def made_by(playbook: str, seen: Observation) -> Mapping[str, str]:
    """Key → another playbook that made it, of what `playbook` itself has not made."""
    own = seen.owners.get(playbook, frozenset())
    return {key: name for name, keys in sorted(seen.owners.items()) if name != playbook for key in keys - own}


def taken(
    directories: Iterable[Directory], users: Sequence[User], seen: Observation, theirs: Mapping[str, str]
) -> list[Conflict]:
    """Directories that a site of another playbook has, by their owner."""
    former = {user.former: user.name for user in users if user.former}
    found = []
    for directory in directories:
        entry = seen.entries.get(directory.path)
        owner, wanted = (text.partition(":")[0] for text in (entry.owner if entry else "", directory.owner))
        if directory.key in theirs and owner.startswith("site-") and wanted not in (owner, former.get(owner)):
            message = f"{directory.path} belongs to {owner}, of the playbook {theirs[directory.key]}; it was left alone"
            found.append(Conflict(directory.key, message, "give the site another `root`, or another name"))
    return found
