"""Errors of fabric, paramiko and the network while connecting → lampctl's error, which says what to do."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import paramiko

from lampctl.errors import BadAnswer, Unreachable
from lampctl.ssh.guarded import LimitExceeded


class NoKey(Exception):
    """Neither a file nor the agent has a key to try."""


# (exception, kind, what failed, what to do); the first match counts. COPY: the command that installs the user's key.
_CASES: tuple[tuple[type[BaseException], str, str, str], ...] = (
    (
        NoKey,
        "auth",
        "this user has no key to log in with",
        "ssh-keygen -t ed25519 makes one, COPY installs it there",
    ),
    (
        paramiko.PasswordRequiredException,
        "key-passphrase",
        "the key has a passphrase",
        "ssh-add the key, and try again",
    ),
    (
        paramiko.BadHostKeyException,
        "host-key-changed",
        "its host key has changed",
        "this could be a man-in-the-middle attack: compare the key with the host's own",
    ),
    (
        paramiko.AuthenticationException,
        "auth",
        "no key was accepted",
        "name the key with -i, or the user with --user; or install your key: COPY",
    ),
    (
        paramiko.ChannelException,
        "refused",
        "the jump host could not connect to it",
        "is the host up, and does sshd run there? The jump host must allow TCP forwarding",
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


def explain(error: BaseException, host: str, address: str) -> BaseException:
    """The error to raise instead; an unexpected one is returned as it is.

    Args:
        error: What was raised.
        host: As the user named it.
        address: USER@HOST:PORT, or HOST:PORT before a login.
    """
    if type(error) is paramiko.SSHException and isinstance(error.__context__, TimeoutError):
        error = error.__context__  # it waited for sshd's banner
    if isinstance(excess := error if isinstance(error, LimitExceeded) else error.__context__, LimitExceeded):
        hint = "is this port an SSH server's? try `ssh -v` by hand"
        return BadAnswer(f"{host}: {excess} ({address})", hint, kind="answer-too-long")
    if isinstance(error, PermissionError) and error.filename:  # without a file name, it is an error of the network
        hint = "a box's key belongs to root: run lampctl with sudo; or name a key of yours with -i"
        return Unreachable(f"{host}: the key {error.filename} can't be read ({address})", hint, kind="key")
    for raised, kind, what, hint in _CASES:
        if isinstance(error, raised):
            hint = hint.replace("COPY", _copy_command(address))
            return Unreachable(f"{host}: {what} ({address})", hint, kind=kind, evidence=str(error))
    return error


def _copy_command(address: str) -> str:
    login, _, port = address.rpartition(":")
    return f"ssh-copy-id {'' if port == '22' else f'-p {port} '}{login}"


def login_error(client: paramiko.SSHClient, files: Sequence[str], error: BaseException) -> BaseException:
    """The real error of a login that failed, where paramiko raises a misleading one.

    paramiko reads each key as every type in turn, and raises the last error: for a key that the host refused, "not a
    valid key" of another type.
    """
    transport = client.get_transport()
    if type(error) is not paramiko.SSHException or transport is None or not transport.is_active():
        return error
    if not files:
        return NoKey()
    return paramiko.AuthenticationException(str(error)) if any(map(_is_key, files)) else error


def _is_key(name: str) -> bool:
    try:
        paramiko.PKey.from_path(name)
    except Exception:
        return False
    return True
