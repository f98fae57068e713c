"""The look from outside: what a visitor's browser would do, from the controller to the host's address."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from lampctl.checks import HttpProbe, TlsProbe

MAXIMUM = 1 << 20  # bytes of an answer


def get(address: str, probe: HttpProbe, token: str, timeout: float) -> str:
    """The raw answer to one GET with the site's name, over a connection of its own. OSError where there is none."""
    path = probe.path.format(token=token)
    request = f"GET {path} HTTP/1.0\r\nHost: {probe.name}\r\nUser-Agent: lampctl\r\nConnection: close\r\n\r\n"
    chunks: list[bytes] = []
    with socket.create_connection((address, probe.port), timeout) as plain:
        sock = _any().wrap_socket(plain, server_hostname=probe.name) if probe.tls else plain
        with sock:
            sock.sendall(request.encode())
            while (chunk := sock.recv(65536)) and sum(map(len, chunks)) < MAXIMUM:
                chunks.append(chunk)
    return b"".join(chunks).decode(errors="replace")


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
    return found.value.get_values_for_type(x509.DNSName)


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
