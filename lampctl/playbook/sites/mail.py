"""Mail of a site's code: through a relay, which is the only place that it goes to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, create_model, model_validator

from lampctl.playbook.fields import Email, Options
from lampctl.playbook.sites.environment import Supplied
from lampctl.playbook.text import Text

_PORTS = {"starttls": 587, "tls": 465, "none": 25}  # RFC 6409 and RFC 8314 for submission, RFC 5321 for port 25
_RELAY = re.compile(r"(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-f:]+\])(:(?P<port>[0-9]{1,5}))?")


def _relay(text: str) -> str:
    found = _RELAY.fullmatch(text)
    if not found:
        raise ValueError
    if found["port"] and not 0 < int(found["port"]) < 65536:
        raise ValueError("has a port that is not from 1 to 65535")
    return text


def _secret(value: object) -> object:
    """The message names no value: it may be the password."""
    if isinstance(value, str):
        raise ValueError("a password does not belong into a playbook: {secret: {env: NAME}}, `file` or `command`")
    return value


def _supplied(value: object) -> object:
    if value == "generate":
        raise ValueError("`generate` makes a password that the relay does not know: use `env`, `file` or `command`")
    if isinstance(value, str):
        raise ValueError("must be a mapping that says where it is: {env: NAME}, {file: PATH} or {command: LINE}")
    return value


Relay = Annotated[
    str,
    Text(
        "relay",
        "is not a valid relay: HOST or HOST:PORT, such as smtp.example.com:587; an IPv6 address in brackets",
        "smtp.example.com:587",
        check=_relay,
    ),
]
RelayUser = Annotated[
    str,
    Text(
        "user of a relay",
        "is not a valid user of a relay: at most 200 characters, without blanks, quotes and control characters",
        "shop@example.com",
        r"[^\x00-\x20\x7f\"]{1,200}",
    ),
]


class MailPassword(Options):
    """The password for a relay, which is supplied by whoever runs lampctl."""

    secret: Annotated[Supplied, BeforeValidator(_supplied)] = Field(
        description="Where this machine has it. On the host, only root and the site's user can read it."
    )


class _MailOptions(Options):
    """How the site's code sends mail: by SMTP to a relay, which delivers it."""

    relay: Relay = Field(description="The SMTP server that takes the mail. Default port: 587, 465 or 25, by `tls`.")
    user: RelayUser | None = Field(None, description="The user that logs in to the relay. Default: no login.")
    password: Annotated[MailPassword, BeforeValidator(_secret)] | None = Field(
        None, description="Its password, which is never in a playbook."
    )
    tls: Literal["starttls", "tls", "none"] | None = Field(
        None,
        description="Encryption: after STARTTLS, from the start, or none. The relay's certificate is verified. "
        "Default: `tls` for port 465, else `starttls`.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.user) != bool(self.password):
            raise ValueError("`user` and `password` go together")
        if self.password and self.encryption == "none":
            raise ValueError("`tls: none` would send the password unencrypted")
        return self

    @property
    def _parts(self) -> tuple[str, int]:
        """(the host, the port or 0)."""
        found = _RELAY.fullmatch(self.relay)
        assert found
        return found["host"].strip("[]"), int(found["port"] or 0)

    @property
    def host(self) -> str:
        return self._parts[0]

    @property
    def port(self) -> int:
        return self._parts[1] or _PORTS[self.encryption]

    @property
    def encryption(self) -> str:
        """`tls`, its default filled in."""
        return self.tls or ("tls" if self._parts[1] == _PORTS["tls"] else "starttls")

    @property
    def fixed(self) -> bool:
        """Whether no program can name another sender."""
        return getattr(self, "from") is not None

    def sender(self, site: str) -> str:
        """The sender of mails, whatever their From line says."""
        return str(getattr(self, "from") or f"noreply@{site}")


if TYPE_CHECKING:
    MailOptions = _MailOptions
else:
    _FROM: Any = (
        Email | None,
        Field(
            None,
            description="The sender of all mails (envelope), to which bounces go. Default: `noreply@NAME`, unless a "
            "program names another one.",
        ),
    )
    # A word of Python cannot be the name of a field in a class.
    MailOptions = create_model("MailOptions", __base__=_MailOptions, __doc__=_MailOptions.__doc__, **{"from": _FROM})


class WithMail(Options):
    """A site whose code may send mail."""

    mail: MailOptions | None = Field(
        None,
        description="Mail of the site's code: PHP's `mail()`, and the program in the environment variable SENDMAIL, "
        "pass it to a relay. Absent: lampctl sets up no mail.",
    )
