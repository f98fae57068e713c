"""Mozilla's profiles (Server Side TLS 5.7): the protocols and ciphers that clients can use."""

from __future__ import annotations

from dataclasses import dataclass

from lampctl.layers.base import Context

# Without finite-field Diffie-Hellman, which the guideline allows and only clients older than its floor would need.
_MODERN = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
_OLDER = (
    "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"
    "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:AES128-SHA:AES256-SHA"
)


@dataclass(frozen=True)
class Profile:
    name: str
    protocols: tuple[str, ...]
    ciphers: str
    server_chooses: bool  # rather than the client, which knows best what its processor is fast at
    curves: tuple[str, ...] = ("X25519", "prime256v1", "secp384r1")


_PROFILES = {
    "intermediate": Profile("intermediate", ("TLSv1.2", "TLSv1.3"), _MODERN, False),
    # OpenSSL 3 allows the protocols before 1.2 at security level 0 only.
    "old": Profile("old", ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"), f"{_MODERN}:{_OLDER}:@SECLEVEL=0", True),
}


def profile_of(context: Context) -> Profile:
    """The one profile of all sites, as the models ensure: a server chooses it before it knows the requested name."""
    found = (site.https.profile for site in context.playbook.sites.values() if site.https)
    return _PROFILES[next(found, "intermediate")]
