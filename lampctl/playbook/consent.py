"""`adopt: true`: the consent to take over what others made, or also use."""

from __future__ import annotations


def adopt(what: str) -> str:
    """The description of the field. `what`: what is taken over."""
    return f"Consent to taking over {what}. Without it, such a deploy is refused or leaves it as it is, and says so."
