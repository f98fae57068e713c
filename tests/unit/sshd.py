"""An sshd of this machine, for those who only knock."""

from __future__ import annotations

import paramiko


class Closed(paramiko.ServerInterface):
    """An sshd that lets nobody in."""

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"
