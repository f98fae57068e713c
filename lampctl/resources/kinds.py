"""All kinds of resources. `KINDS` is the only registration of the built-in ones; observing, planning and retiring loop
over `kinds()`."""

from __future__ import annotations

from functools import cache
from typing import Any

from lampctl.extensions import KINDS as GROUP
from lampctl.extensions import extensions, refuse
from lampctl.resources.acme import ACME_CERTIFICATES
from lampctl.resources.certificate import CERTIFICATES
from lampctl.resources.command import COMMANDS
from lampctl.resources.database import DATABASES
from lampctl.resources.directory import DIRECTORIES
from lampctl.resources.file import FILES
from lampctl.resources.hook import HOOKS_AFTER, HOOKS_BEFORE
from lampctl.resources.kind import Kind
from lampctl.resources.logins import LOGINS
from lampctl.resources.occupied import OCCUPIED
from lampctl.resources.package import PACKAGES
from lampctl.resources.password import PASSWORDS
from lampctl.resources.release import RELEASES
from lampctl.resources.rename import RENAMES
from lampctl.resources.repository import REPOSITORIES
from lampctl.resources.secret import SECRETS
from lampctl.resources.service import SERVICES
from lampctl.resources.user import USERS

# In the order in which they are compared, shown and applied. They are retired in the reverse order.
KINDS: tuple[Kind[Any, Any], ...] = (
    REPOSITORIES,
    PACKAGES,
    RENAMES,
    USERS,
    SECRETS,
    LOGINS,
    CERTIFICATES,
    DIRECTORIES,
    PASSWORDS,
    RELEASES,
    FILES,
    OCCUPIED,
    SERVICES,
    DATABASES,
    HOOKS_BEFORE,
    COMMANDS,
    ACME_CERTIFICATES,
    HOOKS_AFTER,
)


@cache
def kinds() -> tuple[Kind[Any, Any], ...]:
    """The built-in kinds; an extension's kind comes after the others of its phase.

    Raises:
        UsageError: An extension's kind has the name or a key prefix of another kind.
    """
    found = list(KINDS)
    for extension in extensions(GROUP, Kind):
        kind = extension.value
        taken = {noun for other in found for noun in (other.name, *other.nouns)} & {kind.name, *kind.nouns}
        if taken:
            raise refuse(extension, f"the kind {kind.name}: the name {sorted(taken)[0]} is taken")
        last = max((place for place, other in enumerate(found) if other.phase is kind.phase), default=len(found) - 1)
        found.insert(last + 1, kind)
    return tuple(found)
