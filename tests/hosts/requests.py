"""The requests on which web servers are compared; see alike.py."""

from __future__ import annotations

from tests.hosts.alike import Ask, Facts, chunked
from tests.hosts.requested import DENIED

PHP, SPA, CGI, APP, TLS = "php.test", "spa.test", "cgi.test", "app.test", "tls.test"
FORM = ("Content-Type: application/x-www-form-urlencoded",)
CHUNKED = (*FORM, "Transfer-Encoding: chunked")
BASIC, BEARER = "Authorization: Basic bWU6c2VjcmV0", "Authorization: Bearer abc.def"
GZIP = ("Accept-Encoding: gzip",)
COOKIE = "Cookie: a=" + "x" * 8190
LONG_AGO = "If-Modified-Since: Thu, 01 Jan 1970 00:00:01 GMT"


def ok(**facts: str) -> tuple[str, Facts]:
    return "200", facts


def no(status: int, **facts: str) -> tuple[str, Facts]:
    return str(status), facts


def what(which: str, more: str = "") -> str:
    return f"/answer.php?what={which}{more}"


PATHS = [
    Ask("a script", PHP, "/tell.php?a=b", ok(PHP_SELF="%2Ftell.php", QUERY_STRING="a%3Db", SERVER_NAME=PHP, SERVER_PORT="80",
                                             REQUEST_SCHEME="http", HTTP_HOST=PHP, REQUEST_METHOD="GET")),
    Ask("a path after a script", PHP, "/tell.php/a/b%20c", ok(PATH_INFO="%2Fa%2Fb%20c", PHP_SELF="%2Ftell.php%2Fa%2Fb%20c")),
    Ask("an encoded slash after a script", PHP, "/tell.php/a%2Fb", ok(PATH_INFO="%2Fa%2Fb", REQUEST_URI="%2Ftell.php%2Fa%252Fb")),
    Ask("encoded dots after a script", PHP, "/tell.php/a/%2e%2e/b", ok()),
    Ask("an encoded letter", PHP, "/%74ell.php", ok(SCRIPT_NAME="%2Ftell.php")),
    Ask("double slashes", PHP, "//tell.php", ok(SCRIPT_NAME="%2Ftell.php")),
    Ask("dots in a path", PHP, "/folder/../tell.php", ok(SCRIPT_NAME="%2Ftell.php")),
    Ask("dots above the root", PHP, "/../../etc/passwd", no(400)),
    Ask("an encoded zero", PHP, "/tell.php%00.txt", no(400)),
    Ask("an incomplete escape", PHP, "/tell.php%4", no(400)),
    Ask("odd bytes in a query", PHP, "/tell.php?a=%00%ff&b[]=1&c=%", ok(QUERY_STRING="a%3D%2500%25ff%26b%5B%5D%3D1%26c%3D%25")),
    Ask("raw UTF-8 in a query", PHP, "/tell.php?q=\xc3\xa9", ok()),
    Ask("a question mark without a query", PHP, "/tell.php?", ok()),
    Ask("an absolute URL", PHP, "http://php.test/tell.php", ok(HTTP_HOST=PHP)),
    Ask("a script that is missing", PHP, "/none.php", no(404)),
    Ask("a path after a missing script", PHP, "/none.php/x", no(404)),
    Ask("a missing file", PHP, "/none.txt", no(404)),
    Ask("a path after a file", PHP, "/digits.txt/x", no(404)),
    Ask("a file with a slash", PHP, "/digits.txt/", no(404)),
    Ask("the index of a folder", PHP, "/folder/", ok(SCRIPT_NAME="%2Ffolder%2Findex.php")),
    Ask("a folder without its slash", PHP, "/folder?a=b", no(301, location="http://php.test/folder/?a=b")),
    Ask("a folder without its slash at another port", PHP, "/folder", no(301, location="http://php.test:8123/folder/"), host="php.test:8123"),
    Ask("a folder without its slash, encrypted", TLS, "/folder", no(301, location="https://tls.test/folder/"), tls=True),
    Ask("a folder without an index", PHP, "/bare/", no(403)),
    Ask("an alias", PHP, "/tell.php", ok(SERVER_NAME="www.php.test", HTTP_HOST="www.php.test"), host="www.php.test"),
    Ask("a name in upper case", PHP, "/tell.php", ok(SERVER_NAME=PHP), host="PHP.test"),
    Ask("another port", PHP, "/tell.php", ok(SERVER_NAME=PHP, SERVER_PORT="8123", HTTP_HOST="php.test%3A8123"), host="php.test:8123"),
    Ask("a name that no site has", PHP, "/", no(404), host="nobody.test"),
    Ask("an extension in upper case", PHP, "/IMAGE.PNG", ok(**{"content-type": "image/png"})),
    Ask("a well-known file", PHP, "/.well-known/there.txt", ok(body="there\n")),
    *(Ask(f"the file {name}", PHP, f"/{name}", no(403)) for name in DENIED),
    Ask("a path after a .phtml", PHP, "/a.phtml/x", no(403)),
]  # fmt: skip

METHODS = [
    Ask("a form", PHP, "/tell.php", ok(got="a%3Db", CONTENT_LENGTH="3", post='{"a":"b"}'), "POST", FORM, b"a=b"),
    Ask("a chunked body", PHP, "/tell.php", ok(got="a%3D0123456789", post='{"a":"0123456789"}'), "POST", CHUNKED, chunked(b"a=0123456789")),
    Ask("a chunked body of 300 KB", PHP, "/tell.php", ok(got="300000"), "POST", (*CHUNKED[1:], "Content-Type: x/y"), chunked(b"x" * 300_000)),
    Ask("a client that waits for 100 Continue", PHP, "/tell.php", ok(got="a%3Db"), "POST", (*FORM, "Expect: 100-continue"), b"a=b"),
    Ask("an empty form", PHP, "/tell.php", ok(), "POST", (*FORM, "Content-Length: 0")),
    Ask("a form of 3 MB", PHP, "/tell.php", no(413), "POST", FORM, b"x" * 3_000_000),
    Ask("a chunked body of 3 MB", PHP, "/tell.php", no(413), "POST", CHUNKED, chunked(b"x" * 3_000_000)),
    *(Ask(f"{method} for a script", PHP, "/tell.php", ok(REQUEST_METHOD=method, got="a%3Db"), method, FORM, b"a=b") for method in ("PUT", "PATCH", "DELETE")),
    Ask("OPTIONS for a script", PHP, "/tell.php", ok(REQUEST_METHOD="OPTIONS"), "OPTIONS"),
    Ask("an unknown method for a script", PHP, "/tell.php", ok(REQUEST_METHOD="FROB"), "FROB"),
    Ask("HEAD for a script", PHP, "/tell.php", ok(), "HEAD"),
    Ask("TRACE", PHP, "/tell.php", no(405), "TRACE"),
    Ask("a method in lower case", PHP, "/digits.txt", no(400), "get"),
    Ask("POST to a file", PHP, "/digits.txt", no(405), "POST", FORM, b"a=b"),
    Ask("PUT to a file", PHP, "/digits.txt", no(405), "PUT", FORM, b"a=b"),
    Ask("DELETE of a file", PHP, "/digits.txt", no(405), "DELETE"),
    Ask("OPTIONS for a file", PHP, "/digits.txt", no(405), "OPTIONS"),
    Ask("an unknown method for a file", PHP, "/digits.txt", no(405), "FROB"),
    Ask("HEAD for a file", PHP, "/digits.txt", ok(), "HEAD"),
    Ask("no Host", PHP, "/tell.php", no(400), host="\r\nX: x"),
    Ask("a cookie of 8 KB", PHP, "/tell.php", ok(**{"cookie-bytes": "8192"}), headers=(COOKIE,)),
    Ask("a URL of 8 KB", PHP, "/tell.php?q=" + "x" * 8190, ok()),
    Ask("a header of 20 KB", PHP, "/tell.php", no(400), headers=("X-Own: " + "x" * 20_000,)),
    Ask("a URL of 20 KB", PHP, "/tell.php?q=" + "x" * 20_000, no(414)),
    Ask("a login", PHP, "/tell.php", ok(PHP_AUTH_USER="me", PHP_AUTH_PW="secret", HTTP_AUTHORIZATION="Basic%20bWU6c2VjcmV0"), headers=(BASIC,)),
    Ask("a bearer's token", PHP, "/tell.php", ok(HTTP_AUTHORIZATION="Bearer%20abc.def"), headers=(BEARER,)),
    Ask("a Proxy header", PHP, "/tell.php", ok(), headers=("Proxy: evil",)),
]  # fmt: skip

ANSWERS = [
    Ask("16 KB of cookies", PHP, what("cookies"), ok(body="set", cookies="15612")),
    Ask("10 KB of headers", PHP, what("headers"), ok(body="sent")),
    Ask("a header of 7 KB", PHP, what("long"), ok(body="sent")),
    Ask("a site's own headers", PHP, what("own"), ok(**{"x-content-type-options": "own", "referrer-policy": "no-referrer", "cache-control": "max-age=7"})),
    Ask("lampctl's headers", PHP, what("text"), ok(**{"x-content-type-options": "nosniff", "referrer-policy": "strict-origin-when-cross-origin"})),
    Ask("a site's own HSTS", TLS, what("own"), ok(**{"strict-transport-security": "max-age=99"}), tls=True),
    Ask("the playbook's HSTS", TLS, what("text"), ok(**{"strict-transport-security": "max-age=300"}), tls=True),
    Ask("HSTS of a missing file", TLS, "/none.txt", no(404, **{"strict-transport-security": "max-age=300", "x-content-type-options": "nosniff"}), tls=True),
    Ask("JSON of a script, compressed", PHP, what("json"), ok(**{"content-encoding": "gzip", "vary": "Accept-Encoding"}), headers=GZIP),
    Ask("HTML of a script, compressed", PHP, what("html"), ok(**{"content-encoding": "gzip"}), headers=GZIP),
    Ask("what a script has compressed", PHP, what("ready"), ok(**{"content-encoding": "gzip"}), headers=GZIP),
    *(Ask(f"a script's own {status}", PHP, what("status", f"&n={status}"), no(status, body="of the site")) for status in (201, 403, 404, 410, 422, 429, 500, 503)),
    *(Ask(f"an empty {status} of a script", PHP, what("empty", f"&n={status}"), no(status)) for status in (204, 304, 404, 500)),
    Ask("a script that wants a login", PHP, what("auth"), no(401, body="who")),
    Ask("a redirect of a script", PHP, what("location", "&to=/folder/"), no(302, location="http://php.test/folder/")),
    Ask("a redirect of a script to its own host", TLS, what("location", "&to=https://tls.test/x"), no(302, location="https://tls.test/x"), tls=True),
    Ask("a redirect of a script elsewhere", PHP, what("location", "&to=https://other.test/x"), no(302, location="https://other.test/x")),
    Ask("a script that throws", PHP, what("dies"), no(500)),
    Ask("a script that takes longer than the timeout", PHP, what("sleep", "&n=7"), no(504)),
    Ask("a script that takes 2 s", PHP, what("sleep", "&n=2"), ok(body="slept 2")),
    Ask("a part of a script's answer", PHP, what("text"), ok(body="0123456789"), headers=("Range: bytes=2-4",)),
    Ask("an encrypted request", TLS, "/tell.php", ok(HTTPS="on", REQUEST_SCHEME="https", SERVER_PORT="443"), tls=True),
    Ask("HTTPS for a site without it", PHP, "/tell.php", ("no handshake", {}), tls=True),
    Ask("a redirect to HTTPS", TLS, "/a%20b%2Fc//d?x=%2F&y=%C3%A9", no(301, location="https://tls.test/a%20b%2Fc//d?x=%2F&y=%C3%A9")),
]  # fmt: skip

_TYPES = {"a.js": "text/javascript", "a.mjs": "text/javascript", "a.css": "text/css", "a.json": "application/json",
          "a.map": "application/json", "a.svg": "image/svg+xml", "a.wasm": "application/wasm", "a.xml": "application/xml",
          "a.webmanifest": "application/manifest+json", "a.txt": "text/plain", "a.ico": "image/vnd.microsoft.icon"}  # fmt: skip
FILES = [
    *(Ask(f"the file {name}, compressed", SPA, f"/assets/{name}", ok(**{"content-type": type, "content-encoding": "gzip", "cache-control": "max-age=600"}), headers=GZIP)
      for name, type in _TYPES.items()),
    Ask("a file that is compressed already", SPA, "/assets/a.woff2", ok(**{"content-type": "font/woff2"}), headers=GZIP),
    Ask("a file with a language", SPA, "/assets/a.de.txt", ok(**{"content-type": "text/plain"})),
    Ask("a file without an extension", SPA, "/assets/plain", ok(**{"cache-control": "max-age=600"})),
    Ask("a file of an unknown extension", SPA, "/assets/a.unknown", ok(**{"cache-control": "max-age=600"})),
    Ask("a page", SPA, "/page.html", ok(**{"content-type": "text/html", "cache-control": "max-age=0"})),
    Ask("a path of the app", SPA, "/some/page", ok(body="<title>app</title>", **{"cache-control": "max-age=0"})),
    Ask("a path of the app with a dot", SPA, "/users/john.doe", ok(body="<title>app</title>")),
    Ask("a path of the app below a file's folder", SPA, "/assets/page", ok(body="<title>app</title>")),
    Ask("a missing page of the app", SPA, "/none.html", ok(body="<title>app</title>")),
    Ask("a folder of the app without an index", SPA, "/assets/", ok(body="<title>app</title>")),
    *(Ask(f"a missing .{kind} of the app in /{folder}", SPA, f"/{folder}none.{kind}", no(404)) for kind in ("js", "css", "png", "map", "json") for folder in ("", "assets/", "new/")),
    Ask("a missing well-known file of the app", SPA, "/.well-known/change-password", no(404)),
    Ask("a well-known file of the app", SPA, "/.well-known/security.txt", ok(body="Contact: x\n")),
    Ask("a file's own ETag", PHP, "/digits.txt", no(304), again="etag"),
    Ask("a compressed file's own ETag", SPA, "/assets/a.js", no(304), headers=GZIP, again="etag"),
    Ask("a file that has not changed", PHP, "/digits.txt", no(304), again="date"),
    Ask("a file that has changed", PHP, "/digits.txt", ok(body="0123456789"), headers=(LONG_AGO,)),
    Ask("another ETag", PHP, "/digits.txt", ok(body="0123456789"), headers=('If-None-Match: "x"',)),
    Ask("a wrong precondition", PHP, "/digits.txt", no(412), headers=('If-Match: "x"',)),
    Ask("a part of a file", PHP, "/digits.txt", no(206, **{"content-range": "bytes 2-4/10"}), headers=("Range: bytes=2-4",)),
    Ask("the end of a file", PHP, "/digits.txt", no(206, **{"content-range": "bytes 7-9/10"}), headers=("Range: bytes=-3",)),
    Ask("two parts of a file", PHP, "/digits.txt", no(206, parts="2"), headers=("Range: bytes=0-1,8-9",)),
    Ask("a part beyond a file", PHP, "/digits.txt", no(416), headers=("Range: bytes=99-",)),
    Ask("a part of another version", PHP, "/digits.txt", ok(body="0123456789"), headers=("Range: bytes=2-4", 'If-Range: "x"')),
]  # fmt: skip

PROGRAMS = [
    Ask("a program", CGI, "/cgi-bin/environment/a%20b?c=%20d", ok(PATH_INFO="/a b", QUERY_STRING="c=%20d", SERVER_NAME=CGI, SERVER_PORT="80")),
    Ask("a program with a login", CGI, "/cgi-bin/environment", ok(HTTP_AUTHORIZATION="Basic bWU6c2VjcmV0"), headers=(BASIC,)),
    Ask("a program with a form", CGI, "/cgi-bin/environment", ok(got="a=b"), "POST", FORM, b"a=b"),
    Ask("a program with a chunked body", CGI, "/cgi-bin/environment", ok(got="a=0123456789"), "POST", CHUNKED, chunked(b"a=0123456789")),
    Ask("a program with an unknown method", CGI, "/cgi-bin/environment", ok(REQUEST_METHOD="FROB"), "FROB"),
    Ask("a silent program", CGI, "/cgi-bin/silent", no(500)),
    Ask("a program without a header", CGI, "/cgi-bin/headerless", no(500)),
    Ask("a program that names a path", CGI, "/cgi-bin/local", no(302, location="http://cgi.test/index.html")),
    Ask("a program with its own status", CGI, "/cgi-bin/status", no(418, body="short and stout")),
    Ask("a program that takes longer than the timeout", CGI, "/cgi-bin/slow", no(504)),
    Ask("a hidden program", CGI, "/cgi-bin/.hidden", no(403)),
    Ask("a backup of a program", CGI, "/cgi-bin/old.bak", no(403)),
    Ask("a missing program", CGI, "/cgi-bin/none", no(403)),
    Ask("an application", APP, "/a%2Fb//c/%2e?d=%20e", ok(target="/a%2Fb//c/%2e?d=%20e", Host=APP, method="GET")),
    Ask("an application at another port", APP, "/", ok(Host="app.test:8123"), host="app.test:8123"),
    Ask("an application with a login", APP, "/", ok(Authorization="Bearer abc.def"), headers=(BEARER,)),
    Ask("an application and forged headers", APP, "/", ok(), headers=("X-Forwarded-For: 9.9.9.9", "Forwarded: for=9.9.9.9", "X-Real-IP: 9.9.9.9", "X-Forwarded-Port: 1")),
    Ask("an application with a chunked body", APP, "/", ok(got="a=0123456789"), "POST", CHUNKED, chunked(b"a=0123456789")),
    Ask("an application with a body", APP, "/", ok(got="a=b"), "PUT", FORM, b"a=b"),
    Ask("an application with a cookie of 8 KB", APP, "/", ok(**{"cookie-bytes": "8192"}), headers=(COOKIE,)),
    Ask("an application's own headers", APP, "/own", ok(**{"x-content-type-options": "own"})),
    Ask("an application's header of 12 KB", APP, "/long", ok()),
    Ask("an application's 16 KB of cookies", APP, "/cookies", ok(cookies="15612")),
    Ask("HEAD for an application", APP, "/", ok(), "HEAD"),
    Ask("an unknown method for an application", APP, "/", no(501), "FROB"),
    Ask("a hidden path of an application", APP, "/.env", no(403)),
    Ask("an application that takes longer than the timeout", APP, "/sleep", no(504)),
]  # fmt: skip

REQUESTS = [*PATHS, *METHODS, *ANSWERS, *FILES, *PROGRAMS]
# What is asked once the application has stopped.
STOPPED = [Ask("an application that is stopped", APP, "/", no(502))]
