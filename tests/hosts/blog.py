"""A WordPress site, and a browser that logs in to it."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode, urlsplit

NAME = "wordpress.test"
PLAYBOOK = f"""
extends: lamp
sites:
  {NAME}: {{type: wordpress, title: Ours}}
"""


class Browser:
    """Sends requests to the host with the site's name, and keeps cookies."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies: dict[str, str] = {"wordpress_test_cookie": "WP%20Cookie%20check"}

    def ask(self, url: str, body: bytes | None = None, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(self.address, timeout=60)
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        cookies = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        connection.request("POST" if body is not None else "GET", path, body, {"Host": NAME, "Cookie": cookies, **sent})
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            key, _, value = line.partition(";")[0].partition("=")
            self.cookies[key] = value
        return answer.status, answer.headers, answer.read()

    def log_in(self, password: str) -> str:
        """Log in; returns the nonce of the session."""
        form = urlencode({"log": "admin", "pwd": password, "testcookie": "1"}).encode()
        status, headers, page = self.ask("/wp-login.php", form, Content_Type="application/x-www-form-urlencoded")
        assert status == 302, page[:2000]
        assert headers["Location"].startswith(f"http://{NAME}/wp-admin/")
        status, _, nonce = self.ask("/wp-admin/admin-ajax.php?action=rest-nonce")
        assert status == 200
        return nonce.decode()
