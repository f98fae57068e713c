"""All kinds of resources. This tuple is their only registration; observing, planning and retiring loop over it."""

from __future__ import annotations

from typing import Any

from lampctl.resources.acme import ACME_CERTIFICATES
from lampctl.resources.certificate import CERTIFICATES
from lampctl.resources.command import COMMANDS
from lampctl.resources.database import DATABASES
from lampctl.resources.directory import DIRECTORIES
from lampctl.resources.file import FILES
from lampctl.resources.kind import Kind
from lampctl.resources.package import PACKAGES
from lampctl.resources.release import RELEASES
from lampctl.resources.repository import REPOSITORIES
from lampctl.resources.secret import SECRETS
from lampctl.resources.service import SERVICES
from lampctl.resources.user import USERS

# In the order in which they are compared, shown and brought; what nobody wants any more goes in the reverse order.
KINDS: tuple[Kind[Any, Any], ...] = (
    REPOSITORIES,
    PACKAGES,
    USERS,
    SECRETS,
    CERTIFICATES,
    DIRECTORIES,
    RELEASES,
    FILES,
    SERVICES,
    DATABASES,
    COMMANDS,
    ACME_CERTIFICATES,
)
