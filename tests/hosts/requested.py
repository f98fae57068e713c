"""The sites on which web servers are compared, with programs that tell what they see."""

from __future__ import annotations

from pathlib import Path

PLAYBOOK = """
web: {web}
linux: {{packages: [python3]}}
php: {{extensions: []}}
sites:
  php.test: {{type: php, aliases: [www.php.test], timeout: 4, php: {{upload_limit: 1M}}}}
  spa.test: {{type: static, fallback: true, cache: 600, source: spa}}
  cgi.test: {{type: cgi, source: cgi, timeout: 4}}
  app.test: {{type: process, source: app, command: python3 server.py, port: 8000, timeout: 4}}
  tls.test: {{type: php, tls: {{mode: self-signed, hsts: 300}}}}
"""
SETUPS = {
    "Apache": "{server: apache}",
    "NGINX": "{server: nginx}",
    "NGINX before Apache": "{server: apache, front: nginx}",
}

_TELL = r"""<?php
header('X-Seen: yes'); header('Content-Type: application/json');
$names = ['PHP_SELF', 'SCRIPT_NAME', 'SCRIPT_FILENAME', 'PATH_INFO', 'PATH_TRANSLATED', 'REQUEST_URI', 'QUERY_STRING',
  'REQUEST_METHOD', 'REQUEST_SCHEME', 'HTTPS', 'SERVER_NAME', 'SERVER_PORT', 'SERVER_PROTOCOL', 'GATEWAY_INTERFACE',
  'HTTP_HOST', 'REMOTE_ADDR', 'REMOTE_USER', 'AUTH_TYPE', 'DOCUMENT_ROOT', 'CONTENT_TYPE', 'CONTENT_LENGTH',
  'PHP_AUTH_USER', 'PHP_AUTH_PW', 'HTTP_AUTHORIZATION', 'HTTP_PROXY', 'HTTP_X_OWN'];
$seen = [];
foreach ($names as $name) { if (isset($_SERVER[$name])) { $seen[$name] = rawurlencode($_SERVER[$name]); } }
$body = file_get_contents('php://input');
$seen['cookie-bytes'] = strlen($_SERVER['HTTP_COOKIE'] ?? '');
$seen['got'] = rawurlencode(strlen($body) > 80 ? strlen($body) : $body);
if ($_POST) { $seen['post'] = json_encode($_POST); }
if ($_FILES) { $seen['files'] = json_encode(array_map(fn($f) => [$f['name'], $f['size'], $f['error']], $_FILES)); }
echo json_encode($seen);
"""
_ANSWER = r"""<?php
switch ($_GET['what']) {
case 'cookies': for ($i = 0; $i < 4; $i++) { setcookie("c$i", str_repeat('x', 3900)); } echo 'set'; break;
case 'headers': for ($i = 0; $i < 10; $i++) { header("X-Long-$i: " . str_repeat('y', 1000)); } echo 'sent'; break;
case 'long': header('X-Long: ' . str_repeat('y', 7000)); echo 'sent'; break;
case 'own': header('X-Content-Type-Options: own'); header('Referrer-Policy: no-referrer');
  header('Strict-Transport-Security: max-age=99'); header('Cache-Control: max-age=7'); echo 'own'; break;
case 'json': header('Content-Type: application/json'); echo json_encode(array_fill(0, 500, 'the same')); break;
case 'html': echo str_repeat('<p>the same</p>', 500); break;
case 'ready': header('Content-Encoding: gzip'); echo gzencode(str_repeat('the same', 500)); break;
case 'status': http_response_code((int) $_GET['n']); header('X-Own: yes'); echo 'of the site'; break;
case 'empty': http_response_code((int) $_GET['n']); break;
case 'auth': header('WWW-Authenticate: Basic realm="x"'); http_response_code(401); header('X-Own: yes'); echo 'who'; break;
case 'location': header('Location: ' . $_GET['to']); break;
case 'sleep': // a signal to FPM would end one long sleep
  for ($end = time() + (int) $_GET['n']; time() < $end;) { usleep(50000); }
  echo "slept $_GET[n]"; break;
case 'text': header('Content-Type: text/plain'); echo '0123456789'; break;
case 'dies': throw new Exception('on purpose');
}
"""
_SILENT = "#!/bin/sh\nexit 0\n"
_HEADERLESS = "#!/bin/sh\necho no header\n"
_LOCAL = "#!/bin/sh\nprintf 'Location: /index.html\\n\\n'\n"
_STATUS = "#!/bin/sh\nprintf 'Status: 418 Teapot\\nX-Own: yes\\nContent-Type: text/plain\\n\\nshort and stout'\n"
_SLOW = "#!/bin/sh\nsleep 8\nprintf 'Content-Type: text/plain\\n\\nlate'\n"
_ENVIRONMENT = r"""#!/usr/bin/python3
import json, os, sys
names = ("SCRIPT_NAME PATH_INFO REQUEST_URI QUERY_STRING REQUEST_METHOD SERVER_NAME SERVER_PORT HTTP_HOST REMOTE_ADDR "
         "HTTP_AUTHORIZATION CONTENT_TYPE CONTENT_LENGTH GATEWAY_INTERFACE SERVER_PROTOCOL").split()
body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))
print("Content-Type: application/json\nX-Seen: yes\n")
print(json.dumps({name: os.environ[name] for name in names if os.environ.get(name)} | {"got": body.decode("latin-1")}))
"""
_SERVER = r"""
import http.server, json, os, time
NAMES = "Host Authorization X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Port X-Real-IP Forwarded".split()
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if self.headers.get("Transfer-Encoding") == "chunked":
            while (part := int(self.rfile.readline(), 16)):
                body += self.rfile.read(part); self.rfile.readline()
            self.rfile.readline()
        if "sleep" in self.path: time.sleep(8)
        seen = {name: self.headers[name] for name in NAMES if self.headers[name]}
        seen |= {"method": self.command, "target": self.path, "got": body.decode("latin-1")[:80],
                 "cookie-bytes": len(self.headers.get("Cookie", ""))}
        out = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json"); self.send_header("Content-Length", str(len(out)))
        self.send_header("X-Seen", "yes")
        if "own" in self.path: self.send_header("X-Content-Type-Options", "own")
        if "long" in self.path: self.send_header("X-Long", "y" * 12000)
        if "cookies" in self.path:
            for n in range(4): self.send_header("Set-Cookie", f"c{n}=" + "x" * 3900)
        self.end_headers()
        if self.command != "HEAD": self.wfile.write(out)
    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""

DENIED = ["a.bak", "a.php.bak", "a.php~", "a.BAK", "dump.sql", "dump.sql.gz", "a.phtml", "a.phar", "a.PHP", "a.php5", "a.inc", "a.php.swp", "a.orig", ".env", ".git/config", "storage/logs/laravel.log", "composer.json", "composer.lock", "package.json", "debug.log", ".htaccess", ".user.ini"]  # fmt: skip
# What PHP sites have: php.test and tls.test.
PREPARE = f"""
cd /var/www
for site in php.test tls.test; do
    mkdir -p $site/folder $site/bare $site/.git $site/storage/logs $site/.well-known
    cat > $site/tell.php <<'EOF'
{_TELL}EOF
    cat > $site/answer.php <<'EOF'
{_ANSWER}EOF
    cp $site/tell.php $site/folder/index.php
    echo html > $site/folder/index.html
    echo there > $site/.well-known/there.txt
    printf 0123456789 > $site/digits.txt
    printf x > $site/IMAGE.PNG
    for name in {" ".join(DENIED)}; do echo '<?php echo "DENIED";' > $site/$name; done
    chown -R site-${{site%.test}}-test: $site/* $site/.[!.]*
    chmod -R a+rX $site/* $site/.[!.]*
done
"""


def project(folder: Path) -> None:
    """Write the sources of the sites."""
    spa, programs, app = folder / "spa", folder / "cgi" / "cgi-bin", folder / "app"
    (spa / "assets").mkdir(parents=True)
    (spa / ".well-known").mkdir()
    (spa / "index.html").write_text("<title>app</title>")
    (spa / "page.html").write_text("<title>page</title>")
    (spa / ".well-known/security.txt").write_text("Contact: x\n")
    for name in ("a.js", "a.mjs", "a.css", "a.json", "a.map", "a.svg", "a.wasm", "a.webmanifest", "a.woff2", "a.xml", "a.txt",
                 "a.ico", "a.bin", "a.de.txt", "plain", "a.unknown"):  # fmt: skip
        (spa / "assets" / name).write_text(f"the same text of {name} again and again\n" * 50)
    programs.mkdir(parents=True)
    (folder / "cgi" / "index.html").write_text("<title>programs</title>")
    for name, text in {"silent": _SILENT, "headerless": _HEADERLESS, "local": _LOCAL, "status": _STATUS, "slow": _SLOW,
                       "environment": _ENVIRONMENT, ".hidden": _STATUS, "old.bak": _STATUS}.items():  # fmt: skip
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    app.mkdir()
    (app / "server.py").write_text(_SERVER)
