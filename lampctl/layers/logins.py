"""The logins of a site that the web server asks for (`basic_auth`)."""

from __future__ import annotations

from lampctl.layers.base import Context
from lampctl.platforms import WebNames
from lampctl.resources import Resource, Secret
from lampctl.resources.logins import Logins
from lampctl.resources.shell import quote


def secret_name(site: str, user: str) -> str:
    """No site's name has an @."""
    return f"login@{site}@{user}"


def logins(context: Context, site: str, names: WebNames) -> tuple[Resource, ...]:
    """The passwords, and the file from which the web server reads their hashes."""
    users = tuple((user, _secret(site, user)) for user in context.playbook.sites[site].basic_auth)
    if not users:
        return ()
    return (*(secret for _, secret in users), Logins(file_of(names, site), "web", names.user, users))


def file_of(names: WebNames, site: str) -> str:
    return f"{names.root}/lampctl-logins/{site}"


def header(context: Context, site: str) -> str:
    """Shell that prints the header of a login, as root; empty where the site asks for none.

    The password passes through pipes only.
    """
    user = next(iter(context.playbook.sites[site].basic_auth), "")
    if not user:
        return ""
    login = f"{{ printf %s {quote(f'{user}:')}; {_secret(site, user).read} | tr -d '\\n'; }}"
    return f"{{ {login} | base64 -w0; echo; }} | sed 's/.*/Authorization: Basic &\\r/'"


def _secret(site: str, user: str) -> Secret:
    return Secret(secret_name(site, user), "web", "PASSWORD", alike=True)
