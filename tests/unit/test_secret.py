"""Secrets: compared by what they are, never by what is in them."""

from __future__ import annotations

from lampctl.resources import Secret, secret
from lampctl.resources.kind import HostView


def test_password_that_is_given() -> None:
    item = Secret("far.test", "mysql", given=True)
    states = secret.parse(f"{item.path}\tregular file\troot:root\t600\n{item.path}\tother\t-\t-\n")
    change = secret.compare(item, states[item.key], HostView())
    assert change is not None
    assert change.diff == "the password that the database's host made\n"
    assert secret.compare(item, secret.SecretState("regular file root:root 600"), HostView()) is None
