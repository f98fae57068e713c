"""Secrets are compared by type, owner and mode, never by content."""

from __future__ import annotations

from lampctl.resources import Secret, secret
from lampctl.resources.kind import HostView


def test_given_password_is_replaced_only_if_it_differs() -> None:
    item = Secret("far.test", "mysql", given=True)
    states = secret.parse(f"{item.path}\tregular file\troot:root\t600\n{item.path}\tother\t-\t-\n")
    change = secret.compare(item, states[item.path], HostView())
    assert change is not None
    assert change.diff == "the value from the database's host\n"
    assert secret.compare(item, secret.SecretState("regular file root:root 600"), HostView()) is None
