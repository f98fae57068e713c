"""What lampctl keeps in a desired state on a host. `kind` defines a kind of resource; `kinds` lists them all."""

from lampctl.resources.acme import AcmeCertificate
from lampctl.resources.base import Action, Change, Conflict, Resource, Step, select
from lampctl.resources.certificate import Certificate
from lampctl.resources.command import Command
from lampctl.resources.database import Database, DatabaseUser
from lampctl.resources.directory import Directory
from lampctl.resources.file import AbsentSymlink, File, PackagedSymlink, Symlink
from lampctl.resources.hook import HookAfter, HookBefore, HookElsewhere
from lampctl.resources.occupied import Occupied
from lampctl.resources.package import Package
from lampctl.resources.password import PasswordFile
from lampctl.resources.pem import Pair
from lampctl.resources.rebind import Rebind
from lampctl.resources.release import Making, Release, Source
from lampctl.resources.rename import Rename
from lampctl.resources.repository import Repository
from lampctl.resources.secret import Secret, SuppliedSecret
from lampctl.resources.service import OutgoingService, Service, SharedService
from lampctl.resources.sql import Server
from lampctl.resources.user import User

__all__ = [
    "AbsentSymlink",
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
    "HookAfter",
    "HookBefore",
    "HookElsewhere",
    "Making",
    "Occupied",
    "OutgoingService",
    "Package",
    "PackagedSymlink",
    "Pair",
    "PasswordFile",
    "Rebind",
    "Release",
    "Rename",
    "Repository",
    "Resource",
    "Secret",
    "Server",
    "Service",
    "SharedService",
    "Source",
    "Step",
    "SuppliedSecret",
    "Symlink",
    "User",
    "select",
]
