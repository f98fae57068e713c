"""Where the files of a site come from: folders, archives, git repositories."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from lampctl.engine.archives import read_archive, read_war
from lampctl.engine.delivery import deliver
from lampctl.engine.library import Files
from lampctl.engine.sources import read
from lampctl.errors import PlaybookError, UsageError
from lampctl.playbook import load
from lampctl.playbook.sites import Origin
from lampctl.resources import Source
from lampctl.resources.release import matching


def test_war_unpacks_to_the_folder_it_was_made_from(tmp_path: Path) -> None:
    (tmp_path / "app/WEB-INF").mkdir(parents=True)
    (tmp_path / "app/WEB-INF/web.xml").write_text("<web-app/>")
    with zipfile.ZipFile(tmp_path / "app.war", "w") as war:
        war.write(tmp_path / "app/WEB-INF/web.xml", "WEB-INF/web.xml")
    assert read_war(tmp_path / "app.war") == read(tmp_path / "app") == read_war(tmp_path / "app")


def test_war_with_outside_paths_or_damaged_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "app.war"
    with zipfile.ZipFile(path, "w") as war:
        war.writestr("../x", "")
    with pytest.raises(UsageError, match="points outside it"):
        read_war(path)
    with zipfile.ZipFile(path, "w") as war:
        war.writestr("index.jsp", "It works" * 9)
    path.write_bytes(path.read_bytes().replace(b"It works", b"It burns", 1))
    with pytest.raises(UsageError, match="is not a valid WAR"):
        read_war(path)


def names(source: Source) -> list[str]:
    return sorted(source.modes)


def tree(folder: Path, **texts: str) -> Path:
    """Write files; `__` in a name stands for a slash, and `_dot_` for a dot."""
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_patterns_leave_files_out_as_in_gitignore(tmp_path: Path) -> None:
    tree(tmp_path, index_dot_php="", notes_dot_md="", tests__a_dot_php="", src__tests__b_dot_php="", keep__notes_dot_md="",
         _dot_lampctlignore="*.md\n!keep/*.md\n# a comment\n", _dot_git__config="")  # fmt: skip
    assert names(read(tmp_path)) == ["index.php", "keep/notes.md", "src/tests/b.php", "tests/a.php"]
    assert names(read(tmp_path, ("tests",))) == ["index.php", "keep/notes.md"]
    assert names(read(tmp_path, ("/tests/",))) == ["index.php", "keep/notes.md", "src/tests/b.php"]


def packed(path: Path, *files: tuple[str, str]) -> str:
    """Make a tarball or a ZIP file; returns its checksum."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files:
                archive.writestr(name, text)
    else:
        with tarfile.open(path, "w:gz") as tar:
            for name, text in files:
                member = tarfile.TarInfo(name)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["app.tar.gz", "app.zip"])
@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["shop-1.2/index.php", "shop-1.2/a/b.md"], ["a/b.md", "index.php"]),
        (["index.php", "a/b.md"], ["a/b.md", "index.php"]),
        (["index.php"], ["index.php"]),
        (["shop/.lampctlignore", "shop/a.md", "shop/b.php"], ["b.php"]),
    ],
)
def test_archive_is_unpacked_without_the_one_folder_it_is_in(
    tmp_path: Path, kind: str, files: list[str], found: list[str]
) -> None:
    checksum = packed(tmp_path / kind, *((name, "*.md" if name.endswith("ignore") else "x") for name in files))
    assert names(deliver(Origin("source", kind, checksum), tmp_path)) == found
    assert names(read_archive(tmp_path / kind, checksum, ("index.php",))) == [n for n in found if n != "index.php"]


def test_archive_with_entries_of_its_folders_is_the_same_release(tmp_path: Path) -> None:
    tree(tmp_path / "shop-1.2", index_dot_php="1", a__b_dot_md="2")
    with tarfile.open(tmp_path / "app.tar.xz", "w:xz") as tar:
        tar.add(tmp_path / "shop-1.2", "shop-1.2")
    checksum = hashlib.sha256((tmp_path / "app.tar.xz").read_bytes()).hexdigest()
    assert read_archive(tmp_path / "app.tar.xz", checksum).digest == read(tmp_path / "shop-1.2").digest


@pytest.mark.parametrize("kind", ["app.tar.gz", "app.zip"])
def test_damaged_archive_is_refused_in_words(tmp_path: Path, kind: str) -> None:
    packed(tmp_path / kind, ("index.php", "x" * 2000), ("b.php", "y" * 2000))
    data = bytearray((tmp_path / kind).read_bytes())
    for place in range(40, 60):
        data[place] ^= 0xFF
    (tmp_path / kind).write_bytes(data)
    with pytest.raises(UsageError, match="is not a valid"):
        read_archive(tmp_path / kind, hashlib.sha256(data).hexdigest())


def test_another_public_folder_is_another_release(tmp_path: Path) -> None:
    """What a release hides from the web server is fixed when it is made."""
    tree(tmp_path / "app", a__index_dot_php="", b__index_dot_php="")
    digests = {deliver(Origin("source", "app", served=served), tmp_path).digest for served in ("", "a", "b")}
    assert len(digests) == 3


def git(folder: Path, *args: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main")
    command = ["git", *who, "-c", "protocol.file.allow=always", *args]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository `shop` of two commits: the first has the tag v1, the second is on the branch main."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tree(tmp_path / "shop", index_dot_php="1", notes_dot_md="")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "tag", "-a", "v1", "-m", "v1")
    tree(folder, index_dot_php="2", more__a_dot_php="")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "second")
    return folder


def fetched(folder: Path, ref: str, *exclude: str) -> Source:
    return deliver(Origin("source", "shop", ref=ref, exclude=exclude), folder.parent)


def test_branch_tag_and_commit_are_resolved_to_a_commit(repository: Path) -> None:
    first, second = git(repository, "rev-parse", "v1^{commit}"), git(repository, "rev-parse", "main")
    assert [fetched(repository, ref).commit for ref in ("HEAD", "main", "v1", first)] == [second, second, first, first]
    source = fetched(repository, "main", "*.md")
    assert names(source) == ["index.php", "more/a.php"]
    assert source.author == "Ann"
    assert source.about.split(", ")[1].startswith(f"commit {second[:12]} of 20")
    assert source.digest == read(repository, ("*.md",)).digest


def test_commit_that_was_fetched_needs_the_repository_no_more(repository: Path) -> None:
    commit = git(repository, "rev-parse", "main")
    before = fetched(repository, commit)
    (repository / ".git/HEAD").unlink()
    after = fetched(repository, commit)
    assert (after.archive, after.commit, after.author, after.date) == (
        before.archive,
        commit,
        before.author,
        before.date,
    )


def test_half_written_copy_of_a_commit_is_fetched_again(repository: Path, tmp_path: Path) -> None:
    before = fetched(repository, "main")
    (kept,) = (tmp_path / "cache/lampctl/sources").iterdir()
    for length in (0, 30, kept.stat().st_size - 1):
        kept.write_bytes(kept.read_bytes()[:length])
        assert fetched(repository, "main").digest == before.digest


def test_repository_is_beside_the_playbook_not_in_the_current_folder(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(repository.parent)
    with pytest.raises(UsageError, match="shop: git ls-remote: 'shop' does not appear"):
        deliver(Origin("source", "shop", ref="main"), tmp_path / "elsewhere")


def test_submodules_are_part_of_a_commit(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(tmp_path / "part", lib_dot_php="")
    git(tmp_path / "part", "init", "-q")
    git(tmp_path / "part", "add", ".")
    git(tmp_path / "part", "commit", "-qm", "part")
    git(repository, "submodule", "--quiet", "add", "../part", "vendor/part")
    git(repository, "commit", "-qam", "part")
    for name, value in (("COUNT", "1"), ("KEY_0", "protocol.file.allow"), ("VALUE_0", "always")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert "vendor/part/lib.php" in names(fetched(repository, "main"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{git: shop, ref: nothing}", "shop: has no branch or tag nothing"),
        ("{git: nowhere, ref: main}", "nowhere: git ls-remote: 'nowhere' does not appear to be a git repository"),
        ("{git: '--upload-pack=touch x'}", "is not a repository"),
        ("{git: 'ext::sh -c touch% x'}", "is not a repository"),
        ("{git: shop, ref: '-x'}", "is not a ref"),
        ("{archive: app.tar.gz}", "sha256: is missing"),
        ("{archive: app.tar.gz, sha256: " + "a" * 64 + "}", "app.tar.gz: can't be read: No such file"),
        ("shop\n    public: web", "it has no files in the folder web"),
        ("shop\n    front_controller: app.php", "it has no app.php"),
        ("shop\n    public: ../web", "is not a folder below another one"),
    ],
)
def test_source_that_is_not_there_is_refused_with_its_line(repository: Path, source: str, message: str) -> None:
    path = repository.parent / "site.yml"
    path.write_text(f"web: {{}}\nphp: {{}}\nsites:\n  shop.test:\n    source: {source}\n")
    with pytest.raises(PlaybookError) as caught:
        load(str(path), (), Files(repository.parent))
    assert message in caught.value.message
    assert "site.yml:" in caught.value.message


@pytest.mark.parametrize(
    ("hidden", "served", "open_"),
    [
        ((), "", ["a.env", "public/a.env", "public/index.php", "src/a.php", "src/deep/b"]),
        (("*.env",), "", ["public/index.php", "src/a.php", "src/deep/b"]),
        (("*.env",), "public", ["public/index.php"]),
        ((), "public", ["public/a.env", "public/index.php"]),
        ((), "src/deep", ["src/deep/b"]),
    ],
)
def test_web_server_reads_only_what_it_serves(
    tmp_path: Path, hidden: tuple[str, ...], served: str, open_: list[str]
) -> None:
    tree(tmp_path, a_dot_env="", public__a_dot_env="", public__index_dot_php="", src__a_dot_php="", src__deep__b="")
    command = ["find", ".", "-mindepth", "1", *matching(hidden, served)]
    found = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    closed = {line.removeprefix("./") for line in found.splitlines()}
    files = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    reach = [f for f in files if not any(f == c or f.startswith(f"{c}/") for c in closed)]
    assert sorted(reach) == open_
