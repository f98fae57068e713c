"""Mail of a site's code: msmtp with the site's own configuration passes it to the relay.

Nothing of the host's own mail system is changed: `sendmail` of another package stays what it is.
"""

from __future__ import annotations

from lampctl.playbook import user_of
from lampctl.playbook.sites import PooledSite, SiteBase
from lampctl.playbook.sites.mail import MailOptions, WithMail
from lampctl.resources import Directory, File, Package, PasswordFile, Resource

_ROOT = "/etc/lampctl-mail"
_PROGRAM = "/usr/bin/msmtp"


def mail_of(options: SiteBase) -> MailOptions | None:
    return options.mail if isinstance(options, WithMail) else None


def secret_name(site: str) -> str:
    """The name of the password in a batch; no site's name has an @."""
    return f"mail@{site}"


def folder_of(site: str) -> str:
    """Only root and the site's user can enter it. A folder of PHP's settings as well."""
    return f"{_ROOT}/{site}"


def config_of(site: str) -> str:
    return f"{folder_of(site)}/msmtp.conf"


def password_of(site: str) -> str:
    return f"{folder_of(site)}/password"


def variables(site: str, options: SiteBase) -> dict[str, str]:
    """What a program finds its `sendmail` by."""
    return {"SENDMAIL": f"{folder_of(site)}/sendmail"} if mail_of(options) else {}


def ini(site: str, options: SiteBase) -> dict[str, str]:
    """The php.ini settings for `mail()`."""
    return {"sendmail_path": f"{_PROGRAM} -C {config_of(site)} -t -i"} if mail_of(options) else {}


def resources(site: str, options: SiteBase) -> tuple[Resource, ...]:
    """The program and its files; none for a site without mail."""
    mail = mail_of(options)
    if mail is None:
        return ()
    owner = f"root:{user_of(site)}"
    return (
        Package("msmtp", "site"),
        Package("ca-certificates", "site"),
        Directory(_ROOT, "site", 0o711),
        Directory(folder_of(site), "site", 0o750, owner),
        *_files(site, options, mail, owner),
        *_password(site, mail),
    )


def _files(site: str, options: SiteBase, mail: MailOptions, owner: str) -> tuple[File, ...]:
    config = config_of(site)
    settings = {"site": site, "mail": mail, "sender": mail.sender(site), "password": password_of(site)}
    program = {"site": site, "program": _PROGRAM, "config": config}
    found = (
        File(config, "site", "mail/msmtp.conf.j2", {**settings, "fixed": mail.fixed}, 0o640, owner),
        File(f"{folder_of(site)}/sendmail", "site", "mail/sendmail.j2", program, 0o750, owner),
    )
    if not isinstance(options, PooledSite):
        return found
    values = {"ini": ini(site, options)}  # for PHP on the command line
    return (*found, File(f"{folder_of(site)}/mail.ini", "site", "mail/php.ini.j2", values, 0o640, owner))


def _password(site: str, mail: MailOptions) -> tuple[PasswordFile, ...]:
    if mail.password is None:
        return ()
    return (PasswordFile(password_of(site), "site", user_of(site), secret_name(site), mail.password.secret.shown),)
