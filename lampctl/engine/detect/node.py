"""Applications that npm installs or builds."""

from __future__ import annotations

from typing import Any

from lampctl.engine.detect import variables
from lampctl.engine.detect.folder import Fit, Folder

PACKAGES = ["nodejs", "npm"]
CODE = (".js", ".cjs", ".mjs", ".ts", ".tsx")
_SERVERS = ("express", "fastify", "koa", "@hapi/hapi", "@nestjs/core")
# A dependency → the folder in which its build leaves the site. Others, such as Vite, Astro and Vue: dist.
_BUILT = {
    "@11ty/eleventy": "_site",
    "@docusaurus/core": "build",
    "@sveltejs/adapter-static": "build",
    "gatsby": "public",
    "react-scripts": "build",
    "vuepress": ".vuepress/dist",
}


def install(folder: Folder, *, development: bool = False) -> list[str]:
    """What npm runs before a build, or before a program starts."""
    verb = "ci" if folder.has("package-lock.json") or folder.has("npm-shrinkwrap.json") else "install"
    return [f"npm {verb} {'--include=dev' if development else '--omit=dev'}"]


def nextjs(folder: Folder) -> Fit | None:
    if "next" not in dependencies(folder):
        return None
    own = _without_lock(folder, [*install(folder, development=True), "npm run build"])
    needed, notes = _needs(folder)
    return Fit("nextjs", "package.json depends on next", own | needed, (*_notes(folder), *notes))


def express(folder: Folder) -> Fit | None:
    server = next((name for name in _SERVERS if name in folder.mapping("package.json", "dependencies")), "")
    if not server:
        return None
    if "build" in folder.mapping("package.json", "scripts"):
        own: dict[str, Any] = {"build": [*install(folder, development=True), "npm run build", "npm prune --omit=dev"]}
    else:
        own = _without_lock(folder, install(folder))
    if command := _command(folder):
        own["command"] = command
    needed, notes = _needs(folder)
    return Fit("express", f"package.json depends on {server}", own | needed, (*_notes(folder), *notes))


def static_build(folder: Folder) -> Fit | None:
    if "build" not in folder.mapping("package.json", "scripts"):
        return None
    own = _without_lock(folder, [*install(folder, development=True), "npm run build", "rm -rf node_modules"])
    public = next((built for name, built in _BUILT.items() if name in dependencies(folder)), "dist")
    if public != "dist":
        own["public"] = public
    return Fit(
        "static-build", "package.json has a build script, and no server among its dependencies", own, _notes(folder)
    )


def _command(folder: Folder) -> str:
    """The program, without npm around it where that is plain; empty: the recipe's command, `npm start`."""
    start = folder.mapping("package.json", "scripts").get("start")
    if isinstance(start, str):
        words = start.split()
        plain = len(words) == 2 and words[0] == "node" and not set(start) & set("\\'\"$%;&|<>*?~`(){}#")
        return f"node {words[1]}" if plain else ""
    main = folder.json("package.json").get("main")
    return "" if folder.has("server.js") else f"node {main if isinstance(main, str) else 'index.js'}"


def _needs(folder: Folder) -> tuple[dict[str, Any], tuple[str, ...]]:
    return variables.needs(folder, folder.code(*CODE), dependencies(folder), set())


def dependencies(folder: Folder) -> set[str]:
    return {*folder.mapping("package.json", "dependencies"), *folder.mapping("package.json", "devDependencies")}


def _without_lock(folder: Folder, build: list[str]) -> dict[str, Any]:
    """The recipes run `npm ci`, which needs a lock file."""
    return {"build": build} if _notes(folder) else {}


def _notes(folder: Folder) -> tuple[str, ...]:
    if install(folder)[0].startswith("npm ci"):
        return ()
    return ("there is no package-lock.json: each build takes the newest versions; `npm install` makes one",)
