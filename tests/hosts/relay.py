"""A mail relay for tests, which runs on a host: STARTTLS or TLS with the certificate in its folder, AUTH PLAIN, and mails in files.

python3 relay.py FOLDER PORT starttls|tls|none [USER]

The user's password is in FOLDER/login.
"""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import sys
import uuid
from pathlib import Path

FOLDER, PORT, TLS, *USER = sys.argv[1:]
LOGIN = [*USER, *(Path(FOLDER, "login").read_text().splitlines() if USER else ())]


def context() -> ssl.SSLContext:
    found = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    found.load_cert_chain(f"{FOLDER}/relay.crt", f"{FOLDER}/relay.key")
    return found


class Session(socketserver.StreamRequestHandler):
    """One client. `login` of its mails is the user that logged in."""

    def say(self, *lines: str) -> None:
        for number, line in enumerate(lines, 1):
            code, text = line.split(" ", 1)
            self.wfile.write(f"{code}{' ' if number == len(lines) else '-'}{text}\r\n".encode())
        self.wfile.flush()

    def encrypt(self) -> None:
        self.request = context().wrap_socket(self.request, server_side=True)
        self.setup()
        self.encrypted = True

    def handle(self) -> None:
        self.encrypted, self.user, self.sender = False, "", ""
        self.recipients: list[str] = []
        if TLS == "tls":
            self.encrypt()
        self.say("220 relay.test ready")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            answer = getattr(self, f"do_{verb.lower()}", None)
            if verb.upper() == "QUIT":
                break
            if answer is None:
                self.say("500 unknown")
            else:
                answer(rest)
        self.say("221 bye")

    def do_ehlo(self, name: str) -> None:
        more = ["250 STARTTLS"] if TLS == "starttls" and not self.encrypted else []
        more += ["250 AUTH LOGIN PLAIN"] if LOGIN and self.encrypted else []
        self.say(f"250 relay.test greets {name}", *more, "250 8BITMIME")

    def do_starttls(self, _: str) -> None:
        if TLS != "starttls":
            self.say("500 unknown")
        else:
            self.say("220 go")
            self.encrypt()

    def do_auth(self, rest: str) -> None:
        method, _, given = rest.partition(" ")
        if method == "LOGIN":
            parts = []
            for asked in ("Username:", "Password:"):
                self.say(f"334 {base64.b64encode(asked.encode()).decode()}")
                parts.append(base64.b64decode(self.rfile.readline()).decode())
        else:
            if not given:
                self.say("334 ")
                given = self.rfile.readline().decode()
            parts = base64.b64decode(given).decode().split("\0")[1:]
        if parts == LOGIN:
            self.user = parts[0]
            self.say("235 welcome")
        else:
            self.say(f"535 5.7.8 no such user or password: {given}")

    def do_mail(self, rest: str) -> None:
        self.sender = rest
        self.say("530 5.7.0 log in first" if LOGIN and not self.user else "250 ok")

    def do_rcpt(self, rest: str) -> None:
        self.recipients.append(rest)
        self.say("250 ok")

    def do_data(self, _: str) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
            lines.append(line)
        mail = {"from": self.sender, "to": self.recipients, "login": self.user, "lines": lines}
        Path(FOLDER, f"{uuid.uuid4()}.mail").write_text(json.dumps(mail))
        self.say("250 taken")


class Relay(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that leaves is no error."""


Relay(("127.0.0.1", int(PORT)), Session).serve_forever()
