"""The route to a host: jump hosts as ssh_config has them, in OpenSSH's order."""

from __future__ import annotations

import io

import pytest
from paramiko import SSHConfig

from lampctl.errors import UsageError
from lampctl.ssh import ConnectOptions, target
from lampctl.ssh.route import known_name, read_config, route

JUMPS = "Host web1\n ProxyJump gate\n"
ROUTES: dict[str, tuple[str, list[str]]] = {
    "no jump": ("", ["web1"]),
    "one": (JUMPS, ["gate", "web1"]),
    "none": ("Host web1\n ProxyJump none\nHost *\n ProxyJump gate\n", ["web1"]),
    "NONE": ("Host web1\n ProxyJump NONE\n", ["web1"]),
    "a list is used from left to right": ("Host web1\n ProxyJump one,two,three\n", ["one", "two", "three", "web1"]),
    "a jump host behind a jump host": (f"{JUMPS}Host gate\n ProxyJump outer\n", ["outer", "gate", "web1"]),
    "a list replaces the jump of its last": (
        "Host web1\n ProxyJump one,two\nHost two\n ProxyJump other\n",
        ["one", "two", "web1"],
    ),
    "the first of a list has its own jump": (
        "Host web1\n ProxyJump one,two\nHost one\n ProxyJump outer\n",
        ["outer", "one", "two", "web1"],
    ),
    "hostname and port of the jump host": (
        f"{JUMPS}Host gate\n HostName gate.example.com\n Port 2222\n",
        ["gate.example.com:2222", "web1"],
    ),
    "port in the list": ("Host web1\n ProxyJump joe@gate:2222\n", ["joe@gate:2222", "web1"]),
}


@pytest.mark.parametrize("name", ROUTES)
def test_route_follows_ssh_config(name: str) -> None:
    text, expected = ROUTES[name]
    hops = route(target("web1"), ConnectOptions(user="me"), SSHConfig.from_text(f"Host *\n User me\n{text}"))
    shown = [hop.login.removeprefix("me@").removesuffix(":22") for hop in hops]
    assert shown == expected


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("Host *\n ProxyJump gate\n", "gate"),
        ("Host web1\n ProxyJump one\nHost one\n ProxyJump two\nHost two\n ProxyJump one\n", "one"),
        ("Host web1\n ProxyJump one,two\nHost one\n ProxyJump two\n", "two"),
    ],
)
def test_circular_jumps_are_refused(text: str, by: str) -> None:
    with pytest.raises(UsageError, match=f"ProxyJump goes in a circle through {by}"):
        route(target("web1"), ConnectOptions(), SSHConfig.from_text(text))


def test_user_and_port_options_apply_to_the_host_and_not_to_jump_hosts() -> None:
    config = SSHConfig.from_text(f"{JUMPS} User other\n Port 1\nHost gate\n User keeper\n")
    gate, host = route(target("web1"), ConnectOptions(user="joe", port=2222), config)
    assert (gate.login, host.login) == ("keeper@gate:22", "joe@web1:2222")


@pytest.mark.parametrize("name", ["joe@web1", "web1:22"])
def test_hostname_that_fabric_would_split_is_refused(name: str) -> None:
    config = SSHConfig.from_text(f"Host web1\n HostName {name}\n")
    with pytest.raises(UsageError, match="not a valid hostname"):
        route(target("web1"), ConnectOptions(), config)


@pytest.mark.parametrize(("settings", "expected"), [({}, "[web1]:2222"), ({"hostkeyalias": "box"}, "box")])
def test_name_in_known_hosts(settings: dict[str, str], expected: str) -> None:
    assert known_name("web1", 2222, settings) == expected
    assert known_name("web1", 22, {}) == "web1"


def test_match_exec_is_decided_by_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())  # the command that paramiko runs reads stdin
    text = 'Match exec "true"\n  Port 2222\nMatch exec "false"\n  User nobody\nHost *\n User me\n'
    [hop] = route(target("web1"), ConnectOptions(), read_config(text))
    assert hop.login == "me@web1:2222"
