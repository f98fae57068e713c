"""Probes from outside: requests and TLS handshakes as a browser makes them, from here to the host's address."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lampctl.checks import HttpProbe, TlsProbe
from lampctl.engine.reading import Page, Reader


def get(address: str, probe: HttpProbe, token: str, timeout: float) -> Page:
    """Send one GET with the site's name over a new connection. `timeout`: seconds for all of it.

    OSError if the connection fails. A later failure is the page's `error`.
    """
    deadline = time.monotonic() + timeout
    reader = Reader(probe.path.format(token=token), _headers(probe))
    with socket.create_connection((address, probe.port), timeout) as plain:
        plain.settimeout(_remaining(deadline))
        sock = _unverified().wrap_socket(plain, server_hostname=probe.name) if probe.tls else plain
        with sock:
            try:
                sock.settimeout(_remaining(deadline))
                with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it closed
                    sock.sendall(reader.request)
                _read(sock, reader, deadline)
            except TimeoutError:
                return reader.page(f"the time limit of {timeout:g} s was reached")
            except OSError as error:
                return reader.page(str(error))
    return reader.page()


def _read(sock: socket.socket, reader: Reader, deadline: float) -> None:
    done = False
    while not done:
        sock.settimeout(_remaining(deadline))  # the limit is for the whole answer: a server can send a byte a second
        done = reader.feed(sock.recv(65536))


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("timed out")
    return remaining


def _headers(probe: HttpProbe) -> list[tuple[str, str]]:
    host = probe.name.partition("%")[0]  # without the zone of a link-local address, which only this machine knows
    name = f"[{host}]" if ":" in host else host
    port = "" if probe.port == (443 if probe.tls else 80) else f":{probe.port}"
    return [
        ("Host", f"{name}{port}"),
        ("User-Agent", "lampctl"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]


def shake_hands(address: str, probe: TlsProbe, timeout: float) -> str:
    """Make TLS handshakes and return what they show, as JSON. OSError if the port has no TLS.

    names, begins, expires (seconds since the epoch) and fingerprint (SHA-256) of the certificate; distrust: why its
    verification with this machine's certificate authorities (or those of SSL_CERT_FILE) fails, or empty; version, alpn;
    old: the protocol version before TLS 1.2 that is accepted, or empty.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    with _connected(address, probe, _unverified(), timeout) as sock:
        certificate = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")
        version, alpn = sock.version(), sock.selected_alpn_protocol()
    found = {
        "names": _names(certificate),
        "begins": certificate.not_valid_before_utc.timestamp(),
        "expires": certificate.not_valid_after_utc.timestamp(),
        "fingerprint": certificate.fingerprint(SHA256()).hex(),
        "distrust": _distrust_reason(address, probe, timeout),
        "version": version,
        "alpn": alpn or "",
        "old": _legacy_version(address, probe, timeout),
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


def _distrust_reason(address: str, probe: TlsProbe, timeout: float) -> str:
    context = ssl.create_default_context()
    context.check_hostname = False  # names have a check of their own
    try:
        with _connected(address, probe, context, timeout):
            return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message


def _legacy_version(address: str, probe: TlsProbe, timeout: float) -> str:
    """The TLS version before 1.2 that the server accepts; empty if it refuses them, as it should."""
    context = _unverified()
    context.set_ciphers("ALL:@SECLEVEL=0")  # at a higher level, OpenSSL does not offer these versions
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    try:
        with _connected(address, probe, context, timeout) as sock:
            return sock.version() or ""
    except (ssl.SSLError, ConnectionResetError):
        return ""


def _unverified() -> ssl.SSLContext:
    """A client context that accepts any certificate: checks judge it afterwards."""
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
