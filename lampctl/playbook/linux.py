"""The options of the operating system below the stack."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lampctl.playbook.fields import ArchiveKey, Component, Options, PackageName, RepositoryName, RepositoryUrl, Suite


class RepositoryOptions(Options):
    """An archive of packages beside the distribution's own."""

    url: RepositoryUrl = Field(description="Its address.")
    suite: Suite = Field(description="The suite: a codename such as `bookworm`, or the name that its owner gives.")
    components: Annotated[list[Component], Field(min_length=1)] = Field(["main"], description="Its components.")
    key: ArchiveKey = Field(
        description="What it is signed with: a keyring's path on the host, or an armored public key."
    )
    pin: Annotated[int, Field(ge=1, le=999)] = Field(
        100, description="apt's priority. At 100 its packages never replace those of the distribution (500)."
    )


class LinuxOptions(Options):
    """The operating system below the stack."""

    packages: list[PackageName] = Field([], description="More packages of the distribution to install.")
    repositories: dict[RepositoryName, RepositoryOptions] = Field(
        {}, description="More archives of packages, by a name of your own."
    )
    hardening: bool = Field(
        False, description="Security updates each day, and settings that take nothing from the host's other users."
    )
    ignore_failed_units: list[str] = Field(
        [],
        description="systemd units that may be failed without `linux.systemd` failing.",
        examples=[["backup.service"]],
    )
    offline: bool = Field(
        False, description="The host has no way out, on purpose: DNS and the package archive are not checked."
    )
