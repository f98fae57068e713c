"""paramiko's connection, made as OpenSSH's users expect: ssh_config, agent, known_hosts, jump hosts."""

from __future__ import annotations

import getpass
import logging
import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import paramiko

from lampctl.errors import BadAnswer, Unreachable, UsageError
from lampctl.ssh import configfile, hostkeys, knownhosts
from lampctl.ssh.channels import SshTransport
from lampctl.ssh.guarded import GuardedTransport, TooMuch
from lampctl.ssh.options import ConnectOptions, Target, target

# paramiko logs what it raises as well; without a handler, Python would print that on stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


def connect(where: Target, options: ConnectOptions) -> SshTransport:
    """A connection; Unreachable says what is in the way, UsageError what was asked wrongly."""
    config = _config(options.config)
    client, route = _client(where, options, config, ())
    return SshTransport(client, where.text, route, options.sudo_password)


def _config(path: Path | str | None) -> paramiko.SSHConfig:
    if isinstance(path, str):
        return paramiko.SSHConfig.from_text(path)
    default = Path("~/.ssh/config").expanduser()
    if str(path) == "none":  # as OpenSSH has it
        return paramiko.SSHConfig()
    if path is not None and (path.is_dir() or not path.exists()):
        raise UsageError(f"-F {path}: there is no such file", "name an ssh_config file")
    source = path or default
    if not source.exists():
        return paramiko.SSHConfig()
    try:
        return paramiko.SSHConfig.from_text("\n".join(configfile.lines(source)))
    except Exception as error:
        raise UsageError(f"{source}: can't be read as ssh_config: {error}", "ssh -G HOST shows what is wrong") from None


def _client(
    where: Target, options: ConnectOptions, config: paramiko.SSHConfig, jumps: tuple[str, ...]
) -> tuple[paramiko.SSHClient, str]:
    """(client, address that visitors use; empty behind a jump host)."""
    found: dict[str, Any] = dict(config.lookup(where.host))
    host = str(found["hostname"])
    port = where.port or options.port or int(found.get("port", 22))
    user = where.user or options.user or found.get("user") or getpass.getuser()
    keys = _keys(options, found)
    client = paramiko.SSHClient()
    name = str(found.get("hostkeyalias", host))
    known_port = 22 if "hostkeyalias" in found else port  # an alias stands for the port too
    policy = host_keys(found, options, name if known_port == 22 else f"[{name}]:{known_port}")
    client.set_missing_host_key_policy(policy)
    sock = _socket(where, host, port, options, found, config, jumps)
    try:
        client.connect(
            name,
            known_port,
            user,
            sock=sock,
            banner_timeout=options.connect_timeout,
            auth_timeout=max(options.connect_timeout, 30),
            transport_factory=_transport(policy),
            **keys,
        )
    except BaseException as error:
        error = _at_login(client, keys["key_filename"], error)
        client.close()
        sock.close()
        raise explain(error, where.text, f"{user}@{host}:{port}") from error
    transport = client.get_transport()
    assert transport
    transport.set_keepalive(15)
    return client, visited(sock.getpeername()[0], port) if isinstance(sock, socket.socket) else ""


class _NoKey(Exception):
    """Neither a file nor the agent has a key to try."""


def _at_login(client: paramiko.SSHClient, files: str | list[str], error: BaseException) -> BaseException:
    """What stands for an error of the login that paramiko has no class for.

    It reads each key as every kind in turn, and raises the last error: of a key that the host refused, that is
    in the end no key of another kind.
    """
    transport = client.get_transport()
    if type(error) is not paramiko.SSHException or transport is None or not transport.is_active():
        return error
    names = [files] if isinstance(files, str) else files
    if not names:
        return _NoKey()
    return paramiko.AuthenticationException(str(error)) if any(_is_key(name) for name in names) else error


def _is_key(name: str) -> bool:
    try:
        paramiko.PKey.from_path(name)
    except Exception:
        return False
    return True


def visited(peer: str, port: int) -> str:
    """The address that visitors use; empty where it can't be told: another port of loopback leads somewhere else."""
    forwarded = port != 22 and ip_address(peer.split("%")[0]).is_loopback
    return "" if forwarded else peer


def host_keys(found: dict[str, Any], options: ConnectOptions, name: str) -> hostkeys.HostKeys:
    """`name`: as known_hosts has it."""
    listed = str(found.get("userknownhostsfile", "~/.ssh/known_hosts")).split()
    files = [Path(name).expanduser() for name in listed]
    try:
        known = knownhosts.read(name, [*files, Path("/etc/ssh/ssh_known_hosts")])
    except OSError as error:
        raise UsageError(f"{error.filename}: can't be read: {error.strerror}", "see whose it is: ls -l") from None
    accept = options.accept_new_host_key or found.get("stricthostkeychecking") in ("no", "off", "accept-new")
    hash_names = str(found.get("hashknownhosts", "no")).lower() == "yes"
    return hostkeys.HostKeys(known, accept, options.ask_host_key, files[0], hash_names)


def _transport(keys: hostkeys.HostKeys) -> Callable[..., GuardedTransport]:
    def make(sock: Any, **more: Any) -> GuardedTransport:
        transport = GuardedTransport(sock, **more)
        hostkeys.preferred(transport, keys.known)
        return transport

    return make


def _keys(options: ConnectOptions, found: dict[str, Any]) -> dict[str, Any]:
    if options.key:
        if not options.key.is_file():
            raise UsageError(f"-i {options.key}: there is no such file", "name a private key")
        return {"key_filename": str(options.key), "allow_agent": False, "look_for_keys": False}
    files = [str(Path(name).expanduser()) for name in found.get("identityfile", [])]
    files = [name for name in files if Path(name).is_file()]
    only = found.get("identitiesonly") == "yes"
    return {"key_filename": files, "allow_agent": not only, "look_for_keys": not files and not only}


def _socket(
    where: Target,
    host: str,
    port: int,
    options: ConnectOptions,
    found: dict[str, Any],
    config: paramiko.SSHConfig,
    jumps: tuple[str, ...],
) -> Any:
    """A socket without Nagle's algorithm: with it, each batch waits 40 ms for an acknowledgement."""
    jump = found.get("proxyjump", "none")
    if jump != "none":
        *before, last = str(jump).split(",")
        if last in jumps:
            raise UsageError(f"{where.text}: ProxyJump goes in a circle by {last}", "mend your ssh_config")
        plain = replace(options, user=None, port=None)
        gateway, _ = _client(target(last), plain, config, (*jumps, *before, last))
        transport = gateway.get_transport()
        assert transport
        channel = transport.open_channel(
            "direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=options.connect_timeout
        )
        channel.gateway = gateway  # type: ignore[attr-defined] # paramiko closes a client that nobody holds
        return channel
    if found.get("proxycommand", "none") != "none":
        return paramiko.ProxyCommand(str(found["proxycommand"]))
    try:
        sock = socket.create_connection((host, port), options.connect_timeout)
    except OSError as error:
        raise explain(error, where.text, f"{host}:{port}") from error
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # a link that died is noticed within half a minute
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)
    return sock


def explain(error: BaseException, host: str, address: str) -> BaseException:
    """The first message that fits; what is not expected goes on as it is."""
    if type(error) is paramiko.SSHException and isinstance(error.__context__, TimeoutError):
        error = error.__context__  # it waited for sshd's banner
    if isinstance(said := error if isinstance(error, TooMuch) else error.__context__, TooMuch):
        hint = "is this port an SSH server's? try `ssh -v` by hand"
        return BadAnswer(f"{host}: {said} ({address})", hint, kind="answer-too-long")
    if isinstance(error, PermissionError) and error.filename:  # without a name it is the network's
        hint = "a box's is root's: run lampctl with sudo; or name a key of yours with -i"
        return Unreachable(f"{host}: the key {error.filename} can't be read ({address})", hint, kind="key")
    login = address.rpartition(":")
    copy = f"ssh-copy-id {'' if login[2] == '22' else f'-p {login[2]} '}{login[0]}"
    cases: tuple[tuple[type[BaseException], str, str, str], ...] = (
        (
            _NoKey,
            "auth",
            "this user has no key to log in with",
            f"ssh-keygen -t ed25519 makes one, {copy} takes it there",
        ),
        (
            paramiko.PasswordRequiredException,
            "key-passphrase",
            "the key has a passphrase",
            "ssh-add the key, and try again",
        ),
        (
            paramiko.AuthenticationException,
            "auth",
            "no key was accepted",
            f"name the key with -i, or the user with --user; or let your key in: {copy}",
        ),
        (
            socket.gaierror,
            "name",
            "the name does not resolve",
            "check its spelling, or add it to ~/.ssh/config",
        ),
        (
            ConnectionRefusedError,
            "refused",
            "the connection was refused",
            "does sshd run there, on that port?",
        ),
        (
            TimeoutError,
            "timeout",
            "no answer",
            "is the host up, and does a firewall let SSH through? --timeout waits longer",
        ),
        (paramiko.SSHException, "ssh", "SSH failed", "try `ssh -v` by hand"),
        (EOFError, "ssh", "the host closed the connection", "try `ssh -v` by hand"),
        (OSError, "network", "can't be reached", "check the network and the port"),
        (ValueError, "key", "the key can't be read", "name a private key with -i"),
    )
    for kind, name, text, hint in cases:
        if isinstance(error, kind):
            return Unreachable(f"{host}: {text} ({address})", hint, kind=name, evidence=str(error))
    return error
