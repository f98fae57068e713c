"""The look from outside: what a visitor's browser would do, from the controller to the host's address."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lampctl.checks import HttpProbe, TlsProbe

MAXIMUM = 1 << 20  # bytes of an answer


def get(address: str, probe: HttpProbe, token: str, timeout: float) -> str:
    """The answer to one GET with the site's name, over a connection of its own. OSError where there is none in time."""
    ends = time.monotonic() + timeout
    chunks: list[bytes] = []
    with socket.create_connection((address, probe.port), timeout) as plain:
        sock = _any().wrap_socket(plain, server_hostname=probe.name) if probe.tls else plain
        with sock:
            sock.sendall(_request(probe, token))
            while sum(map(len, chunks)) < MAXIMUM:
                sock.settimeout(max(0.01, ends - time.monotonic()))  # of all, not of each piece
                chunk = sock.recv(65536)
                if not chunk:
                    break
                chunks.append(chunk)
    return _whole(b"".join(chunks)).decode(errors="replace")


def _request(probe: HttpProbe, token: str) -> bytes:
    name = f"[{probe.name}]" if ":" in probe.name else probe.name
    port = "" if probe.port == (443 if probe.tls else 80) else f":{probe.port}"
    lines = (
        f"GET {probe.path.format(token=token)} HTTP/1.1",
        f"Host: {name}{port}",
        "User-Agent: lampctl",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _whole(raw: bytes) -> bytes:
    """The answer as it was meant: without what may come before it (103 Early Hints), its chunks put together."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 1"):
        raw = body
        head, gap, body = raw.partition(b"\r\n\r\n")
    if not re.search(rb"(?im)^transfer-encoding:\s*chunked\s*$", head):
        return raw
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16) if re.match(rb"[0-9a-fA-F]+\s*(;|$)", size) else 0
        if not length:
            break
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join((head, gap, *parts))


def shake_hands(address: str, probe: TlsProbe, timeout: float) -> str:
    """What a client gets to know, as JSON. OSError where there is no TLS.

    names, expires (seconds since the epoch) and fingerprint (SHA-256) of the certificate; distrust: why this machine's
    authorities (or those of SSL_CERT_FILE) do not vouch for it, or empty; version, alpn; old: the protocol before TLS
    1.2 that is accepted, or empty.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    with _connected(address, probe, _any(), timeout) as sock:
        certificate = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")
        version, alpn = sock.version(), sock.selected_alpn_protocol()
    found = {
        "names": _names(certificate),
        "expires": certificate.not_valid_after_utc.timestamp(),
        "fingerprint": certificate.fingerprint(SHA256()).hex(),
        "distrust": _distrust(address, probe, timeout),
        "version": version,
        "alpn": alpn or "",
        "old": _old(address, probe, timeout),
    }
    return json.dumps(found)


def _names(certificate: object) -> list[str]:
    from cryptography import x509

    assert isinstance(certificate, x509.Certificate)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    addresses = map(str, found.value.get_values_for_type(x509.IPAddress))
    return [*found.value.get_values_for_type(x509.DNSName), *addresses]


def _distrust(address: str, probe: TlsProbe, timeout: float) -> str:
    context = ssl.create_default_context()
    context.check_hostname = False  # names have a verdict of their own
    try:
        with _connected(address, probe, context, timeout):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message


def _old(address: str, probe: TlsProbe, timeout: float) -> str:
    """A refusal is what is hoped for. Security level 0: else OpenSSL itself would not offer these protocols."""
    context = _any()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    try:
        with _connected(address, probe, context, timeout) as sock:
            return sock.version() or ""
    except (ssl.SSLError, ConnectionResetError):
        return ""


def _any() -> ssl.SSLContext:
    """A client that takes any certificate: it is judged afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _connected(address: str, probe: TlsProbe, context: ssl.SSLContext, timeout: float) -> Iterator[ssl.SSLSocket]:
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((address, probe.port), timeout) as plain,
        context.wrap_socket(plain, server_hostname=probe.name) as sock,
    ):
        yield sock
