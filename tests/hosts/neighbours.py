"""A site with an attacker's PHP, and a site beside it with files and data worth stealing."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any

from tests.hosts.conftest import Host

BOOK = "extends: lamp\nsites: {lamp.test: {default: true, database: true}, a.test: {database: true}, b.test: {database: true}}\n"
PAGE = "the words of b.test"

# Prints the value of an expression; a warning is an answer as well.
ASK = r"""<?php
set_error_handler(fn ($n, $text) => true);
try { $value = eval('return ' . base64_decode($_SERVER['HTTP_X_ASK']) . ';'); } catch (Throwable $e) { $value = 'E: ' . $e->getMessage(); }
echo json_encode($value, JSON_PARTIAL_OUTPUT_ON_ERROR);
"""


def get(host: Host, site: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection(host.box.address, 80, timeout=20)
    connection.request("GET", path, headers={"Host": site, **(headers or {})})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(errors="replace")
    connection.close()
    return found


class Sites:
    """a.test with an attacker's script, and b.test with files and data worth stealing."""

    def __init__(self, host: Host, book: str) -> None:
        self.host = host
        self.book = book

    def php(self, expression: str) -> Any:
        """Evaluate an expression in a.test's PHP."""
        status, body = get(self.host, "a.test", "/ask.php", {"X-Ask": base64.b64encode(expression.encode()).decode()})
        assert status == 200, body
        return json.loads(body)
