"""Values from one host for another host's configuration: validated on arrival.

Root on one host must not get more from another than a password and a certificate for its own database, and the secrets
that are alike on both. No error repeats the value.
"""

from __future__ import annotations

import re
from base64 import b64decode
from ipaddress import ip_address

from lampctl.errors import BadAnswer
from lampctl.resources import Secret

_PASSWORD = re.compile(r"[A-Za-z0-9]{32}")  # as resources/secret.py makes them
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?")


def password(host: str, site: str, answer: str) -> bytes:
    """The password of a site's database. BadAnswer if lampctl can't have generated it."""
    if not _PASSWORD.fullmatch(answer):
        path = Secret(site, "mysql").path
        raise _bad(
            f"{host}: its database password of {site} is not one that lampctl generates",
            f"check {path} on {host}: without that file, lampctl deploy generates a new password",
        )
    return answer.encode()


def secret(host: str, secret: Secret, answer: str) -> bytes:
    """A generated secret of a site. BadAnswer if lampctl can't have generated it."""
    if not _PASSWORD.fullmatch(answer):
        raise _bad(
            f"{host}: its secret {secret.name} is not one that lampctl generates, and other hosts can't get it",
            f"check {secret.path} on {host}; a value of your own is given to all hosts by secret: {{env: …}} or "
            "{file: …} in the playbook",
        )
    return answer.encode()


def authority(host: str, answer: str) -> str:
    """One certificate, in PEM, from base64; empty if the host has none yet."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if not answer:
        return ""
    try:
        text = b64decode(answer, validate=True).decode("ascii")
        if not _PEM.fullmatch(text):
            raise ValueError
        return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.PEM).decode()
    except Exception:  # on arbitrary ASN.1 the library raises more than ValueError
        raise _bad(
            f"{host}: the authority of its database server is not a certificate",
            f"check /etc/lampctl/tls on {host}: openssl x509 -in FILE -noout -text",
        ) from None


def address(host: str, answer: str) -> str:
    """The address from which the host connects to another; empty if it is not known. Accounts are made for it alone."""
    if not answer:
        return ""
    try:
        if "%" in answer:  # the zone of an interface; and MariaDB's wildcard
            raise ValueError
        return str(ip_address(answer))
    except ValueError:
        raise _bad(
            f"{host}: its own address is not an IP address", f"check the output of ip route get on {host}"
        ) from None


def _bad(message: str, hint: str) -> BadAnswer:
    return BadAnswer(message, hint, kind="bad-answer")
