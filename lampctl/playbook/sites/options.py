"""Mappings that sites of several types have."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import (
    AbsolutePath,
    Address,
    Count,
    DatabaseName,
    Email,
    ExtensionName,
    HostName,
    HttpsUrl,
    Ini,
    Options,
    PhpVersion,
    RepositoryName,
    Size,
    UserName,
)


class TlsOptions(Options):
    """HTTPS for one site."""

    mode: Literal["self-signed", "files", "acme"] = Field(
        description="Where the certificate comes from: made on the host, files on the host, or an ACME server."
    )
    certificate: AbsolutePath | None = Field(
        None, description="For `files`: the chain on the host in PEM, the site's certificate first."
    )
    key: AbsolutePath | None = Field(None, description="For `files`: the private key on the host in PEM.")
    email: Email | None = Field(None, description="For `acme`: to which the certificate authority can write.")
    directory: HttpsUrl | None = Field(
        None, description="For `acme`: the server's directory URL. Default: Let's Encrypt."
    )
    redirect: bool = Field(True, description="Whether HTTP redirects to HTTPS.")
    hsts: Annotated[int, Field(ge=0, le=63_072_000)] = Field(
        0,
        description="Seconds for which browsers must use HTTPS; 0 ends it, also where an earlier value is stored.",
    )
    profile: Literal["intermediate", "old"] = Field(
        "intermediate",
        description="Mozilla's profile: which protocols and ciphers clients may use; "
        "the same for all sites, which share one port.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.mode == "files") != bool(self.certificate and self.key):
            raise ValueError("`certificate` and `key` belong to the mode files, both of them")
        if self.mode != "acme" and (self.email or self.directory):
            raise ValueError("`email` and `directory` belong to the mode acme")
        return self


class DatabaseOptions(Options):
    """The site's own database. Its password is made on the host and given to the site only."""

    name: DatabaseName | None = Field(None, description="Its name. Default: the site's, `_` for dots.")
    user: UserName | None = Field(None, description="Its user. Default: the site's name, shortened.")
    host: HostName | None = Field(
        None,
        description="The other host that has it, named as on the command line; it is deployed first.",
    )
    address: Address | None = Field(
        None, description="The address at which the site reaches that host. Default: the address that lampctl uses."
    )

    @model_validator(mode="after")
    def _address_of_a_host(self) -> Self:
        if self.address and not self.host:
            raise ValueError("`address` is where the site reaches `host`: set both")
        return self


class WithDatabase(Options):
    """A site that may have a database."""

    database: DatabaseOptions | bool = Field(
        False, description="`true`: a database with default names; a mapping: named; `false`: none."
    )


class SitePhpOptions(Options):
    """PHP for one site. Options that are not set are taken from the `php` layer."""

    version: PhpVersion | None = Field(None, description='Which PHP runs the site, such as `"8.2"`.')
    repository: RepositoryName | None = Field(
        None, description="Which of `linux.repositories` that version comes from. Default: the distribution."
    )
    extensions: list[ExtensionName] = Field(
        [], description="Extensions that the site needs, besides those of the `php` layer."
    )
    memory_limit: Size | None = Field(None, description="The most memory that one request may take.")
    upload_limit: Size | None = Field(None, description="The largest body of a request.")
    max_children: Count | None = Field(None, description="PHP processes of this site's pool.")
    ini: Ini = Field({}, description="Any other php.ini directive, for this site.")
