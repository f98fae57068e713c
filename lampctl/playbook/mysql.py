"""The options of the database server."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lampctl.playbook.consent import adopt
from lampctl.playbook.fields import AbsolutePath, Address, Count, Options, Size, UserName


class AdminOptions(Options):
    """How root of the host logs in to the server, where its root account has a password."""

    secret: AbsolutePath = Field(
        description="A file on the host that only root can read: a MySQL option file, such as `/root/.my.cnf`, or the "
        "password alone. The password does not leave the host.",
        examples=["/root/mysql-admin.cnf"],
    )
    user: UserName | None = Field(None, description="The account. Default: the option file's, or root.")


class MysqlOptions(Options):
    """The database server."""

    engine: Literal["mariadb", "mysql"] = Field(
        "mariadb", description="The server to install: MariaDB, or Oracle's MySQL where the distribution packages it."
    )
    buffer_pool: Size | Literal["auto"] = Field(
        "auto", description="InnoDB's cache. `auto`: a quarter of the host's memory."
    )
    max_connections: Count | Literal["auto"] = Field(
        "auto", description="Clients at once. `auto`: every PHP process at once, and some to spare."
    )
    bind_address: Address | None = Field(
        None,
        description="The address that it listens on; `0.0.0.0`: all of IPv4. Default: 127.0.0.1; all of them if sites "
        "on other hosts have databases here.",
    )
    admin: AdminOptions | None = Field(
        None, description="The login of an existing server whose root has a password. Default: by the Unix socket."
    )
    adopt: bool = Field(False, description=adopt("a database server that others use, with the settings above"))
