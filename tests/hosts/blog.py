"""A WordPress site, and a browser that logs in to it."""

from __future__ import annotations

import html
import http.client
import json
import re
import socket
import ssl
from typing import Any
from urllib.parse import urlencode, urlsplit

NAME = "wordpress.test"
PLAYBOOK = f"""
extends: lamp
sites:
  {NAME}: {{type: wordpress, title: Ours}}
"""


class Browser:
    """Sends requests to the host with the site's name, and keeps cookies."""

    def __init__(self, address: str, name: str = NAME, *, tls: bool = False) -> None:
        self.address, self.name, self.tls = address, name, tls
        self.cookies: dict[str, str] = {"wordpress_test_cookie": "WP%20Cookie%20check"}

    def ask(self, url: str, body: bytes | None = None, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = self._connection()
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        cookies = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
        host = parts.hostname or self.name
        connection.request("POST" if body is not None else "GET", path, body, {"Host": host, "Cookie": cookies, **sent})
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            key, _, value = line.partition(";")[0].partition("=")
            self.cookies[key] = value
        return answer.status, answer.headers, answer.read()

    def _connection(self) -> http.client.HTTPConnection:
        if not self.tls:
            return http.client.HTTPConnection(self.address, timeout=60)
        connection = http.client.HTTPSConnection(self.name)
        plain = socket.create_connection((self.address, 443), timeout=60)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # lampctl's own checks verify it
        connection.sock = context.wrap_socket(plain, server_hostname=self.name)
        return connection

    def log_in(self, password: str) -> str:
        """Log in; returns the nonce of the session."""
        form = urlencode({"log": "admin", "pwd": password, "testcookie": "1"}).encode()
        status, headers, page = self.ask("/wp-login.php", form, Content_Type="application/x-www-form-urlencoded")
        assert status == 302, page[:2000]
        assert headers["Location"].startswith(f"{'https' if self.tls else 'http'}://{self.name}/wp-admin/")
        status, _, nonce = self.ask("/wp-admin/admin-ajax.php?action=rest-nonce")
        assert status == 200
        return nonce.decode()

    def add_site(self, word: str) -> None:
        """Make a site of the network, as its administrator does; this browser is logged in."""
        page = self.ask("/wp-admin/network/site-new.php")[2]
        nonce = re.findall(rb'name="_wpnonce_add-blog" value="(\w+)"', page)[0].decode()
        fields = {"domain": word, "title": f"Site {word}", "email": "admin@localhost.localdomain"}
        form = urlencode({"_wpnonce_add-blog": nonce, **{f"blog[{key}]": text for key, text in fields.items()}})
        url = "/wp-admin/network/site-new.php?action=add-site"
        status, headers, page = self.ask(url, form.encode(), Content_Type="application/x-www-form-urlencoded")
        assert (status, "update=added" in str(headers["Location"])) == (302, True), page[:2000]

    def site_health(self, password: str) -> dict[str, tuple[str, str]]:
        """What wp-admin's Site Health does not call good: test → (status, its text).

        The page has the results of some tests; the others are requested, as its script does.
        """
        nonce = self.log_in(password)
        page = self.ask("/wp-admin/site-health.php")[2].decode()
        tests = json.loads(re.findall(r"var SiteHealth = (\{.*\});", page)[0])["site_status"]
        found = [*tests["direct"], *(self._tried(test, nonce) for test in tests["async"])]
        assert {"rest_availability", "loopback_requests", "authorization_header"} <= {one["test"] for one in found}
        return {one["test"]: (one["status"], _text(one)) for one in found if one["status"] != "good"}

    def _tried(self, test: dict[str, Any], nonce: str) -> dict[str, Any]:
        status, _, answer = self.ask(test["test"], X_WP_Nonce=nonce, **(test.get("headers") or {}))
        assert status == 200, (test, answer[:500])
        found: dict[str, Any] = json.loads(answer)
        return found


def _text(test: dict[str, Any]) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", f"{test['label']} {test['description']}")).split())
