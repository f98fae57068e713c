"""Applications in PHP."""

from __future__ import annotations

from typing import Any

from lampctl.engine.detect.folder import Fit, Folder

_COMPOSER = "composer install --no-dev --no-interaction --no-progress --prefer-dist --optimize-autoloader"


def laravel(folder: Folder) -> Fit | None:
    if _required(folder, "laravel/framework") and folder.has("artisan"):
        return Fit("laravel", "composer.json requires laravel/framework, and there is artisan")
    return None


def symfony(folder: Folder) -> Fit | None:
    package = _required(folder, "symfony/framework-bundle", "symfony/symfony", "symfony/runtime")
    if package and folder.has("bin/console"):
        return Fit("symfony", f"composer.json requires {package}, and there is bin/console")
    return None


def drupal(folder: Folder) -> Fit | None:
    package = _required(folder, "drupal/core-recommended", "drupal/core")
    if not package:
        return None
    locations = folder.mapping("composer.json", "extra", "drupal-scaffold", "locations")
    public = str(locations.get("web-root") or "web").strip("./")
    own: dict[str, Any] = {}
    if public != "web":
        own = {"public": public or None, "shared": [f"{public}/sites/default/files/".lstrip("/"), "private/"]}
    return Fit("drupal", f"composer.json requires {package}", own)


def wordpress(folder: Folder) -> Fit | None:
    package = _required(folder, "roots/wordpress", "johnpbloch/wordpress")
    home = f"http://{folder.site}"
    if package:
        return Fit("wordpress-source", f"composer.json requires {package}", {"environment": {"WP_HOME": home}})
    if not folder.has("wp-content"):
        return None
    urls = {"WP_HOME": home, "WP_SITEURL": home}
    own = {"public": None, "shared": ["wp-content/uploads/"], "build": [], "packages": [], "environment": urls}
    notes = ("wp-config.php has to read the environment: docs/recipes.md",)
    return Fit("wordpress-source", "there is wp-content", own, notes)


def mediawiki(folder: Folder) -> Fit | None:
    if not folder.has("mw-config", "load.php", "maintenance"):
        return None
    own: dict[str, Any] = {"environment": {"WIKI_URL": f"http://{folder.site}"}, "redirects": {"/": "/wiki/Main_Page"}}
    note = "LocalSettings.php has to read the environment, with $wgServer = getenv( 'WIKI_URL' ): docs/wikis.md"
    return Fit("mediawiki", "there are mw-config and load.php", own, (note,))


def dokuwiki(folder: Folder) -> Fit | None:
    if not folder.has("doku.php", "inc/init.php"):
        return None
    notes = () if folder.has("conf/users.auth.php") else ("conf/users.auth.php is missing: nobody can log in",)
    return Fit("dokuwiki", "there are doku.php and inc/init.php", notes=notes)


def phpmyadmin(folder: Folder) -> Fit | None:
    if not folder.has("index.php", "libraries/vendor_config.php"):
        return None
    notes = ("config.inc.php has to read the environment: docs/wikis.md",)
    return Fit("phpmyadmin", "there is libraries/vendor_config.php", notes=notes)


def plain(folder: Folder) -> Fit | None:
    page = next((name for name in ("public/index.php", "web/index.php", "index.php") if folder.has(name)), "")
    if not page:
        return None
    own: dict[str, Any] = {"public": page.partition("/")[0]} if "/" in page else {}
    if folder.mapping("composer.json", "require"):
        own |= {"packages": ["composer", "git", "unzip"], "build": [_COMPOSER]}
    return Fit("plain-php", f"there is {page}", own)


def static(folder: Folder) -> Fit | None:
    page = next((name for name in ("index.html", "public/index.html") if folder.has(name)), "")
    if not page:
        return None
    return Fit("", f"there is {page}", {"type": "static", **({"public": "public"} if "/" in page else {})})


def _required(folder: Folder, *packages: str) -> str:
    """The first of these that composer.json requires."""
    found = folder.mapping("composer.json", "require")
    return next((package for package in packages if package in found), "")
