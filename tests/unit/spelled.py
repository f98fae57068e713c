"""What a rendered configuration says of a path in any spelling, read with Python's regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from lampctl.layers.vhost import Limit


class Server:
    """What a rendered configuration says of a path as it was sent: which limit applies; None if it is refused."""

    def __init__(self, server: str, text: str, limits: Iterable[Limit]) -> None:
        self.read = self.nginx if server == "nginx" else self.apache
        if server == "nginx":
            maps = re.findall(r"map [^{]*\$lampctl_(limit|odd)_\w+ \{\n(.*?)\n\}", text, re.DOTALL)
            rows = {name: re.findall(r'"~(\*?)(.*)" (\d+);', body) for name, body in maps}
            self.limit = [(re.compile(text, re.I if star else 0), id) for star, text, id in rows["limit"]]
            self.odd = [re.compile(text, re.I) for _, text, _ in rows["odd"]]
            flags = {"": 0, "*": re.IGNORECASE}
            held = [one for one in limits if one.held]
            found = re.findall(r'location ~(\*?) "(.*)" \{\n +# .*playbook', text)
            self.places = [
                (str(one.id), re.compile(rule, flags[star])) for one, (star, rule) in zip(held, found, strict=True)
            ]
        else:
            self.rules = re.findall(
                r'RewriteCond %\{THE_REQUEST\} "(!?)(.*)"( \[NC\])?\n +RewriteRule "?(.*?)"? - \[(.*)\]', text
            )

    def nginx(self, sent: str) -> str | None:
        if any(rule.search(f"{sent} {decoded(sent)}") for rule in self.odd):
            return None
        return next((id for rule, id in self.limit if rule.search(sent)), "0")

    def apache(self, sent: str) -> str | None:
        found = "0"
        for no, line, nocase, path, flags in self.rules:
            meets = bool(re.search(line, f"GET {sent} HTTP/1.1", re.I if nocase else 0)) != bool(no)
            if meets and re.search(path, decoded(sent)):
                if flags.startswith("R=400"):
                    return None
                found = flags.removeprefix("E=lampctl-limit:")
        return found


def decoded(sent: str) -> str:
    """The path as web servers understand it: decoded, without empty segments and dots."""
    kept: list[str] = []
    for name in unquote(sent.partition("?")[0]).split("/"):
        if name == "..":
            kept = kept[:-1]
        elif name not in ("", "."):
            kept.append(name)
    return "/" + "/".join(kept)
