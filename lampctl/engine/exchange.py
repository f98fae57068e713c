"""What one host says and another host's configuration gets: checked when it comes, or it goes no further.

Whoever has root on one host must not get more of another than a password and a certificate for its own database. No
error repeats the value.
"""

from __future__ import annotations

import re
from base64 import b64decode
from ipaddress import ip_address

from lampctl.errors import BadAnswer
from lampctl.resources import Secret

_PASSWORD = re.compile(r"[A-Za-z0-9]{32}")  # as resources/secret.py makes them
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?")


def password(host: str, site: str, said: str) -> bytes:
    """The password of a site's database. BadAnswer where lampctl can't have made it."""
    if not _PASSWORD.fullmatch(said):
        path = Secret(site, "mysql").path
        raise _bad(
            f"{host}: what it says is the database password of {site} is none that lampctl makes",
            f"look at {path} on {host}: without that file, lampctl deploy makes a new password",
        )
    return said.encode()


def authority(host: str, said: str) -> str:
    """One certificate, in PEM, from base64; empty where the host has none yet."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if not said:
        return ""
    try:
        text = b64decode(said, validate=True).decode("ascii")
        if not _PEM.fullmatch(text):
            raise ValueError
        return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.PEM).decode()
    except Exception:  # of ASN.1 that is anything, the library raises more than ValueError
        raise _bad(
            f"{host}: what it says is the authority of its database server is not a certificate",
            f"look at /etc/lampctl/tls on {host}: openssl x509 -in FILE -noout -text",
        ) from None


def address(host: str, said: str) -> str:
    """From which the host connects to another; empty where it does not know. Nothing else may be in an account."""
    if not said:
        return ""
    try:
        if "%" in said:  # of an interface; and MariaDB's word for any address
            raise ValueError
        return str(ip_address(said))
    except ValueError:
        raise _bad(
            f"{host}: what it says is its own address is not an IP address", f"see what ip route get prints on {host}"
        ) from None


def _bad(message: str, hint: str) -> BadAnswer:
    return BadAnswer(message, hint, kind="bad-answer")
