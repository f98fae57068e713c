"""The closed set of things that lampctl holds in a state on a host.

Each kind is one file that knows how its state is observed (`probe`, shell), read (`parse`, pure), compared
(`compare`, pure) and fixed (`steps`, shell).
"""

from lampctl.resources.acme import AcmeCertificate
from lampctl.resources.base import Action, Change, Conflict, Resource, Step
from lampctl.resources.certificate import Certificate, Pair
from lampctl.resources.command import Command
from lampctl.resources.database import Database, DatabaseUser, Server
from lampctl.resources.file import Directory, File, PathResource, Symlink
from lampctl.resources.package import Package
from lampctl.resources.release import Release, Source
from lampctl.resources.repository import Repository
from lampctl.resources.secret import Secret
from lampctl.resources.service import Service
from lampctl.resources.user import User

__all__ = [
    "AcmeCertificate",
    "Action",
    "Certificate",
    "Change",
    "Command",
    "Conflict",
    "Database",
    "DatabaseUser",
    "Directory",
    "File",
    "Package",
    "Pair",
    "PathResource",
    "Release",
    "Repository",
    "Resource",
    "Secret",
    "Server",
    "Service",
    "Source",
    "Step",
    "Symlink",
    "User",
]
