"""`init --from`: which recipe fits a folder, why, and what the playbook says beside it; errors are reported at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lampctl.engine.detect.procfile import command, parse
from lampctl.engine.library import Files
from lampctl.playbook import load
from lampctl.playbook.command import check_command
from lampctl.playbook.sites.environment import VariableOptions
from tests.unit.forked import run

COMPOSER = '{{"require": {{"{}": "^1"}}}}'
GENERATED = VariableOptions(secret="generate")
PYTHON = {"PYTHONUNBUFFERED": "1", "XDG_RUNTIME_DIR": "/tmp"}
MANAGE = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', '{}.settings')\nfrom django import x\n"


@dataclass(frozen=True)
class Case:
    """A folder, the recipe that fits it, and fields of the site that come out."""

    files: Mapping[str, str]
    recipe: str
    why: str
    site: Mapping[str, Any] = field(default_factory=dict)


CASES = {
    "laravel": Case({"composer.json": COMPOSER.format("laravel/framework"), "artisan": "", "public/index.php": ""},
                    "laravel", "composer.json requires laravel/framework, and there is artisan", {"public": "public"}),
    "symfony": Case({"composer.json": COMPOSER.format("symfony/framework-bundle"), "bin/console": "", "public/index.php": ""},
                    "symfony", "composer.json requires symfony/framework-bundle, and there is bin/console"),
    "drupal": Case({"composer.json": COMPOSER.format("drupal/core-recommended"), "web/index.php": ""},
                   "drupal", "composer.json requires drupal/core-recommended", {"public": "web"}),
    "drupal in docroot": Case({"composer.json": json.dumps({"require": {"drupal/core": "1"}, "extra": {"drupal-scaffold": {"locations": {"web-root": "docroot/"}}}}), "docroot/index.php": ""},
                              "drupal", "composer.json requires drupal/core", {"public": "docroot", "shared": ["docroot/sites/default/files/", "private/"]}),
    "bedrock": Case({"composer.json": COMPOSER.format("roots/wordpress"), "web/index.php": ""},
                    "wordpress-source", "composer.json requires roots/wordpress", {"public": "web"}),
    "wordpress": Case({"wp-content/x": "", "index.php": ""}, "wordpress-source", "there is wp-content", {"public": None, "build": []}),
    "mediawiki": Case({"mw-config/index.php": "", "load.php": "", "maintenance/run.php": "", "index.php": "", "composer.json": COMPOSER.format("wikimedia/cdb")},
                      "mediawiki", "there are mw-config and load.php", {"redirects": {"/": "/wiki/Main_Page"}, "front_controller": "index.php"}),
    "dokuwiki": Case({"doku.php": "", "index.php": "", "inc/init.php": "", "conf/users.auth.php": ""}, "dokuwiki", "there are doku.php and inc/init.php"),
    "phpmyadmin": Case({"index.php": "", "libraries/vendor_config.php": "", "package.json": '{"scripts": {"build": "x"}}'},
                       "phpmyadmin", "there is libraries/vendor_config.php", {"writable": ["tmp"], "database": True}),
    "django": Case({"manage.py": MANAGE.format("config"), "config/settings.py": "STATIC_ROOT = 1", "requirements.txt": "Django>=5\n"},
                   "django", "there is Django's manage.py"),
    "django of startproject": Case({"manage.py": MANAGE.format("shop"), "shop/settings.py": "sqlite3", "requirements.txt": "django"},
                                   "django", "there is Django's manage.py",
                                   {"command": ".venv/bin/python -m gunicorn --bind 127.0.0.1:${PORT} --threads 4 shop.wsgi", "shared": ["db.sqlite3", "media/"], "database": False}),
    "django with a database": Case({"manage.py": MANAGE.format("config"), "requirements.txt": "Django\nmysqlclient\n",
                                    "config/settings.py": "STATIC_ROOT = 1\nX = 'django.db.backends.mysql'\nSECRET_KEY = os.environ['DJANGO_SECRET_KEY']\nALLOWED_HOSTS = env.list('ALLOWED_HOSTS')\n"},
                                   "django", "there is Django's manage.py",
                                   {"database": True, "packages": ["python3", "python3-venv", "default-libmysqlclient-dev", "gcc", "pkg-config", "python3-dev"],
                                    "environment": {"ALLOWED_HOSTS": "a.test", "DJANGO_SECRET_KEY": GENERATED, "SECRET_KEY": GENERATED, **PYTHON}}),
    "django with settings for production": Case({"manage.py": MANAGE.format("shop").replace("shop.settings", "shop.settings.local"), "requirements.txt": "django\nuvicorn[standard]\nwhitenoise",
                                                 "shop/settings/__init__.py": "", "shop/settings/base.py": "STATIC_ROOT = 1", "shop/settings/production.py": "", "shop/asgi.py": ""},
                                                "django", "there is Django's manage.py",
                                                {"command": ".venv/bin/python -m uvicorn --host 127.0.0.1 --port ${PORT} shop.asgi:application",
                                                 "environment": {"DJANGO_SETTINGS_MODULE": "shop.settings.production", "SECRET_KEY": GENERATED, **PYTHON}}),
    "flask": Case({"requirements.txt": "# web\nFlask==3.0\n", "app.py": "app = Flask(__name__)\n"}, "flask", "requirements.txt has flask",
                  {"command": ".venv/bin/python -m gunicorn --bind 127.0.0.1:${PORT} --threads 4 app:app"}),
    "flask with a factory": Case({"pyproject.toml": '[project]\ndependencies = ["flask>=3"]\n', "wsgi.py": "def create_app():\n"}, "flask", "pyproject.toml has flask",
                                 {"command": ".venv/bin/python -m gunicorn --bind 127.0.0.1:${PORT} --threads 4 wsgi:create_app()"}),
    "flask with a database": Case({"requirements.txt": "flask\nPyMySQL", "app.py": "app = Flask(x)\nos.environ.get('DATABASE_URL')"}, "flask", "requirements.txt has flask", {"database": True}),
    "nextjs": Case({"package.json": '{"dependencies": {"next": "15", "express": "4"}, "scripts": {"build": "next build"}}', "package-lock.json": "{}"},
                   "nextjs", "package.json depends on next", {"build": ["npm ci --include=dev", "npm run build"]}),
    "express": Case({"package.json": '{"dependencies": {"express": "4"}, "scripts": {"start": "node bin/www"}}', "package-lock.json": "{}"},
                    "express", "package.json depends on express", {"command": "node bin/www", "build": ["npm ci --omit=dev"]}),
    "express with a session": Case({"package.json": '{"dependencies": {"express": "5", "mysql2": "3"}, "scripts": {"start": "node x.js"}}', "package-lock.json": "{}",
                                    "x.js": "process.env.SESSION_SECRET; process.env['DB_HOST']; process.env.NODE_ENV"},
                                   "express", "package.json depends on express",
                                   {"database": True, "environment": {"NODE_ENV": "production", "HOST": "127.0.0.1", "SESSION_SECRET": GENERATED}}),
    "express with options": Case({"package.json": '{"dependencies": {"express": "4"}, "scripts": {"start": "A=1 node x.js", "build": "tsc"}}', "package-lock.json": "{}"},
                                 "express", "package.json depends on express",
                                 {"command": "npm start", "build": ["npm ci --include=dev", "npm run build", "npm prune --omit=dev"]}),
    "koa without a lock": Case({"package.json": '{"dependencies": {"koa": "2"}, "main": "main.js"}'}, "express", "package.json depends on koa",
                               {"command": "node main.js", "build": ["npm install --omit=dev"]}),
    "vite": Case({"package.json": '{"devDependencies": {"vite": "5"}, "scripts": {"build": "vite build"}}', "package-lock.json": "{}"},
                 "static-build", "package.json has a build script, and no server among its dependencies", {"public": "dist"}),
    "create-react-app": Case({"package.json": '{"dependencies": {"react-scripts": "5"}, "scripts": {"build": "x"}}', "package-lock.json": "{}"},
                             "static-build", "package.json has a build script, and no server among its dependencies", {"public": "build"}),
    "procfile of python": Case({"Procfile": "web: gunicorn app:app -b 0.0.0.0:$PORT\nrelease: flask db upgrade\nworker: celery -A app worker\n", "requirements.txt": "flask"},
                               "procfile", "there is a Procfile with a line `web`",
                               {"command": "sh -c 'exec gunicorn app:app -b 127.0.0.1:$$PORT'", "packages": ["python3", "python3-venv"]}),
    "procfile of node": Case({"Procfile": "# processes\n\nweb: node server.js\n", "package.json": "{}"}, "procfile", "there is a Procfile with a line `web`",
                             {"command": "sh -c 'exec node server.js'", "build": ["npm install --omit=dev"]}),
    "plain php": Case({"index.php": ""}, "plain-php", "there is index.php", {"public": None, "build": []}),
    "plain php with composer": Case({"public/index.php": "", "composer.json": COMPOSER.format("monolog/monolog")}, "plain-php", "there is public/index.php",
                                    {"public": "public", "packages": ["composer", "git", "unzip"]}),
    "files": Case({"index.html": ""}, "", "there is index.html", {"type": "static"}),
}  # fmt: skip


def folder(path: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


@pytest.mark.parametrize("case", CASES)
def test_recipe_fits_and_its_playbook_is_valid(tmp_path: Path, case: str) -> None:
    wanted = CASES[case]
    folder(tmp_path / "shop", wanted.files)
    done = run("init", "--from", "shop", "--site", "a.test", "--host", "web1", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["recipe"], found["why"], found["files"]) == (wanted.recipe, wanted.why, ["site.yml"])
    loaded = load("site.yml", (), Files(tmp_path))
    site = loaded.playbook.sites["a.test"]
    assert (site.recipe or "", site.source) == (wanted.recipe, "shop")  # type: ignore[attr-defined]
    for name, value in wanted.site.items():
        assert getattr(site, name) == value, name


def test_it_says_why_and_what_is_next(tmp_path: Path) -> None:
    folder(tmp_path / "shop", CASES["laravel"].files)
    done = run("init", "--from", "shop", cwd=tmp_path)
    assert done.stdout.splitlines() == [
        "laravel: composer.json requires laravel/framework, and there is artisan",
        "wrote site.yml; next: lampctl deploy -p site.yml HOST",
    ]
    assert (tmp_path / "site.yml").read_text().startswith("# laravel: composer.json requires laravel/framework")


def test_workers_of_a_procfile_are_the_site_s_and_its_release_is_a_hook(tmp_path: Path) -> None:
    files = {**CASES["procfile of python"].files}
    files["Procfile"] += "Mail_Queue: python mail.py 100%\n"
    folder(tmp_path / "shop", files)
    assert run("init", "--from", "shop", cwd=tmp_path).returncode == 0
    site: Any = load("site.yml", (), Files(tmp_path)).playbook.sites["shop.example.com"]
    assert site.hooks.before_switch == ["flask db upgrade"]
    assert {name: worker.command for name, worker in site.workers.items()} == {
        "worker": "sh -c 'exec celery -A app worker'",
        "mail-queue": "sh -c 'exec python mail.py 100%%'",
    }


NOTES = {
    "no static files": ({"manage.py": MANAGE.format("config"), "config/settings.py": "x"}, "the settings have no STATIC_ROOT"),
    "nobody for static files": (CASES["django"].files, "whitenoise is not among its requirements"),
    "what startproject writes": ({"manage.py": MANAGE.format("a"), "a/settings.py": "ALLOWED_HOSTS = []\nDEBUG = True\n"},
                                 "Django answers 400 until it has 'shop.example.com'"),
    "debugging": ({"manage.py": MANAGE.format("a"), "a/settings.py": "DEBUG = True\n"}, "DEBUG = True"),
    "another database": ({"manage.py": MANAGE.format("a"), "a/settings.py": "'django.db.backends.postgresql'"}, "are for PostgreSQL"),
    "a variable": ({**CASES["flask"].files, "more/mail.py": "os.environ['SMTP']\nos.environ['SET'] = 1\nos.environ.get('OTHER')\n"},
                   "# its code reads SMTP: set them in `environment`"),
    "two workers of one name": ({"Procfile": "web: x\na_b: x\nA-b: y\n"}, "one name of a worker"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOTES)
def test_playbook_notes_what_its_reader_has_to_do(tmp_path: Path, case: str) -> None:
    files, note = NOTES[case]
    folder(tmp_path / "shop", files)
    assert run("init", "--from", "shop", cwd=tmp_path).returncode == 0
    assert note in (tmp_path / "site.yml").read_text()


def test_playbook_in_the_application_is_no_part_of_a_release(tmp_path: Path) -> None:
    folder(tmp_path, CASES["laravel"].files)
    assert run("init", "--from", ".", cwd=tmp_path).returncode == 0
    loaded = load("site.yml", (), Files(tmp_path))
    assert {"/site.yml", "vendor"} <= set(loaded.playbook.sites["shop.example.com"].exclude)  # type: ignore[attr-defined]
    assert "site.yml" not in loaded.sources["shop.example.com"].modes


def test_recipe_can_be_chosen_whatever_fits(tmp_path: Path) -> None:
    folder(tmp_path / "shop", {**CASES["flask"].files, "Procfile": "web: x\n"})
    done = run("init", "--from", "shop", "--recipe", "flask", cwd=tmp_path)
    assert done.stdout.startswith("flask: requirements.txt has flask\n")
    done = run("init", "--from", "shop", "--recipe", "plain-php", "--force", cwd=tmp_path)
    assert done.stdout.startswith("plain-php: chosen with --recipe\n")


ERRORS: dict[str, tuple[dict[str, str], list[str], str, str]] = {
    "nothing": ({"x": ""}, [], "--from shop: no recipe fits; it has none of composer.json", "--recipe"),
    "no folder": ({}, [], "--from shop: is not a folder", "top folder"),
    "an unknown recipe": ({"x": ""}, ["--recipe", "djangoo"], "--recipe djangoo: there is no recipe djangoo", "did you mean django?"),
    "a type too": ({"index.php": ""}, ["--type", "static"], "--type and --from exclude each other", "has a type"),
    "no web": ({"Procfile": "worker: x\n"}, [], "shop/Procfile: has no line web: nothing would answer the site's requests; it has worker", "add web: COMMAND"),
    "an empty Procfile": ({"Procfile": "\n"}, [], "shop/Procfile: has no line web", "add web: COMMAND"),
    "a wrong line": ({"Procfile": "web x\n"}, [], "shop/Procfile:1: is not TYPE: COMMAND", "web: gunicorn app:app"),
    "a line twice": ({"Procfile": "web: x\nweb: y\n"}, [], "shop/Procfile:2: web occurs twice", "keep one"),
    "damaged JSON": ({"package.json": '{\n"a": ,}'}, [], "shop/package.json:2: is not valid JSON", "fix it"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_error_is_clear_and_nothing_is_written(tmp_path: Path, case: str) -> None:
    files, more, message, hint = ERRORS[case]
    folder(tmp_path / "shop", files)
    done = run("init", "--from", "shop", *more, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2), done.stderr
    assert message in done.stderr
    assert hint in done.stderr
    assert not (tmp_path / "site.yml").exists()


def test_recipe_without_a_folder_is_refused(tmp_path: Path) -> None:
    done = run("init", "--recipe", "flask", cwd=tmp_path)
    assert (done.returncode, "--recipe belongs to --from" in done.stderr) == (2, True)


LINES = {
    "node server.js": "sh -c 'exec node server.js'",
    "A=1 serve": "sh -c 'A=1 serve'",
    "cd app && serve": "sh -c 'cd app && serve'",
    "date +%s; echo 'it' \\n": "sh -c 'date +%%s; echo \\'it\\' \\\\n'",
    'serve "$HOME" ${PORT:-80}': "sh -c 'exec serve \"$$HOME\" $${PORT:-80}'",
}


@pytest.mark.parametrize("line", LINES)
def test_command_of_a_procfile_is_the_shells(line: str) -> None:
    assert command(line) == LINES[line]
    assert check_command(command(line)) == command(line)


def test_procfile_keeps_the_order_and_its_comments_out() -> None:
    assert parse("#a\n web : x  y \nclock:\tz\r\n", "Procfile") == {"web": "x  y", "clock": "z"}
