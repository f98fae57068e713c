"""A PHP site and a program, with workers and schedules that write down what they are."""

from __future__ import annotations

from pathlib import Path

from tests.hosts.conftest import Host, RunResult
from tests.hosts.servers import SETTLED

PLAYBOOK = """
linux: {packages: [python3]}
mysql: {}
php: {}
web: {server: nginx}
sites:
  shop.test:
    source: shop
    default: true
    database: true
    environment: {APP_KEY: {secret: generate}}
    php: {memory_limit: 96M, ini: {precision: 5, max_execution_time: 30}}
    workers: {queue: {command: "php work.php %i", instances: 2, memory_max: 128M, stop_timeout: 10}}
    schedule:
      tick: {every: "* * * * *", command: "php tick.php"}
      night: {every: "0 3 1 * mon", command: bin/night}
  app.test:
    type: process
    source: app
    command: python3 server.py
    port: 8000
    environment: {GREETING: 'a "b" $c'}
    workers: {mail: {command: "python3 -u mail.py"}}
"""
INDEX = "<?php echo 'shop VERSION ', md5(getenv('APP_KEY'));"
# It takes jobs from its database, and writes what it is where the site may write.
WORK = r"""<?php
$db = new PDO('mysql:host=' . getenv('DB_HOST') . ';dbname=' . getenv('DB_NAME'), getenv('DB_USER'), getenv('DB_PASSWORD'));
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$db->exec('CREATE TABLE IF NOT EXISTS jobs (id INT PRIMARY KEY AUTO_INCREMENT, done VARCHAR(300))');
pcntl_async_signals(true);
pcntl_signal(SIGTERM, function () { fwrite(STDERR, "stopping\n"); sleep(2); fwrite(STDERR, "finished\n"); exit(0); });
$self = json_encode([PHP_VERSION, PHP_BINARY, ini_get('memory_limit'), ini_get('precision'), ini_get('max_execution_time'),
    posix_getpwuid(posix_geteuid())['name'], basename(getcwd()), md5(getenv('APP_KEY')), $argv[1]]);
file_put_contents(sys_get_temp_dir() . "/worker-$argv[1]", $self);
while (true) {
    $db->prepare('UPDATE jobs SET done = ? WHERE done IS NULL LIMIT 1')->execute([$self]);
    usleep(100000);
}
"""
TICK = "<?php if (is_file('fail')) { fwrite(STDERR, \"no disk left\\n\"); exit(7); } echo 'ticked by ' . get_current_user();"
SERVER = """
import http.server, os
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
MAIL = """
import os, time
open(os.environ["STATE_DIRECTORY"] + "/mail", "w").write(os.environ["GREETING"])
while True: time.sleep(1)
"""


TWO = """
hosts: [{}, {}]
linux: {{packages: [python3]}}
web: {{server: nginx}}
sites:
  two.test:
    type: process
    source: app
    command: python3 server.py
    port: 8100
    workers: {{mail: {{command: "sleep infinity", instances: 2}}}}
    schedule:
      once: {{every: "*:0/5", command: "/bin/echo once"}}
      each: {{every: "@hourly", command: "/bin/echo each", each: true}}
"""


_WORKER = "lampctl-worker-shop.test_queue"
_CODE = "/var/www/shop.test/current/work.php"
# Name → (what breaks a host, the hop, what its check says, what mends it before the next deploy).
BREAKS = {
    "a worker is stopped": (f"systemctl stop {_WORKER}@2", "worker", f"{_WORKER}@2.service is inactive", ""),
    "a worker is frozen": (f"kill -STOP $(systemctl show -P MainPID {_WORKER}@1)", "worker", "frozen", ""),
    "a worker would not start at boot": (f"systemctl disable -q {_WORKER}@1", "worker", "disabled", ""),
    "a worker dies three seconds after each start": (
        f"cp {_CODE} /root/; echo '<?php sleep(3); exit(1);' > {_CODE}; systemctl restart {_WORKER}@1; sleep 14",
        "worker",
        "times in the last two minutes",
        f"cat /root/work.php > {_CODE}; systemctl restart {_WORKER}@1",
    ),
    "a timer is stopped": ("systemctl stop lampctl-schedule-shop.test_night.timer", "schedule", "is inactive", ""),
}


def write(folder: Path) -> None:
    """The playbook and its sites."""
    for name, text in {
        "site.yml": PLAYBOOK, "shop/index.php": INDEX, "shop/work.php": WORK, "shop/tick.php": TICK,
        "shop/bin/night": "#!/bin/sh\nexec php -v\n", "app/server.py": SERVER, "app/mail.py": MAIL,
        "app/index.html": "app",
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "shop/bin/night").chmod(0o755)


def deploy(host: Host, project: Path, *more: str) -> RunResult:
    ran = host.lampctl("deploy", "HOST", "-p", "site.yml", *more, cwd=project)
    host.sh(SETTLED)
    return ran


def released(host: Host) -> str:
    return host.sh("readlink /var/www/shop.test/current").strip().removeprefix("releases/")


def actual(ran: RunResult, id: str) -> str:
    return str(next(result["actual"] for result in ran.host["results"] if result["id"] == id))


def evidence(ran: RunResult, id: str) -> str:
    return str(next(result["evidence"] for result in ran.host["results"] if result["id"] == id))
