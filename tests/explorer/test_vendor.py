"""Fetching GraphiQL's files, with an npm that serves packages from a folder instead of a registry."""

import json
import os
import sys
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from textwrap import dedent

import pytest

from graph.explorer.manifest import Manifest, integrity
from graph.explorer.patches import PATCHES, Patch, PatchError
from graph.explorer.vendor import WANTED, VendorError, Wanted, main, vendor

LEAF = Wanted("leaf", "1.0.0", {"leaf.min.js": "dist/leaf.js", "leaf.LICENSE.txt": "LICENSE"})

CONTENT = {"dist/leaf.js": "the leaf", "LICENSE": "the licence"}

NPM = """\
    #!{python}
    import shutil, sys
    shelf, (destination, specifier) = {shelf!r}, sys.argv[-2:]
    archive = shelf + "/" + specifier + ".tgz"
    try:
        shutil.copy(archive, destination)
    except FileNotFoundError:
        sys.exit("npm error 404 No match found for version " + specifier)
"""


class Shelf:
    """A folder of packages, and the folder that they are vendored into."""

    def __init__(self, folder: Path) -> None:
        self.packages = folder / "shelf"
        self.files = folder / "files"
        self.manifest = folder / "manifest.json"
        self.packages.mkdir()
        self.files.mkdir()

    def publish(self, specifier: str, files: Mapping[str, str], license: str = "MIT") -> None:
        """Put a package on the shelf, in place of one of the same name and version."""
        with tarfile.open(self.packages / f"{specifier}.tgz", "w:gz") as archive:
            for name, text in {"package.json": json.dumps({"license": license}), **files}.items():
                member = tarfile.TarInfo(f"package/{name}")
                member.size = len(text.encode())
                archive.addfile(member, BytesIO(text.encode()))

    def vendor(self, *wanted: Wanted) -> Manifest:
        """Fetch packages from the shelf."""
        return vendor(wanted, self.files, self.manifest)

    def content(self) -> dict[str, str]:
        """Everything that vendoring has left."""
        return {path.name: path.read_text() for path in [*self.files.iterdir(), self.manifest] if path.exists()}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A shelf with one package, behind an `npm` that comes first on the path."""
    shelf = Shelf(tmp_path)
    shelf.publish("leaf@1.0.0", CONTENT)
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(dedent(NPM).format(python=sys.executable, shelf=str(shelf.packages)))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
    return shelf


def test_files_come_under_our_names_with_their_digests(shelf: Shelf) -> None:
    manifest = shelf.vendor(LEAF)
    assert Manifest.read(shelf.manifest) == manifest
    assert [(package.name, package.version, package.license) for package in manifest.packages] == [
        ("leaf", "1.0.0", "MIT")
    ]
    assert [(file.name, file.source, file.integrity) for file in manifest.files()] == [
        ("leaf.min.js", "dist/leaf.js", integrity(b"the leaf")),
        ("leaf.LICENSE.txt", "LICENSE", integrity(b"the licence")),
    ]
    assert shelf.content().keys() == {"leaf.min.js", "leaf.LICENSE.txt", "manifest.json"}


def test_doing_it_again_changes_nothing(shelf: Shelf) -> None:
    shelf.vendor(LEAF)
    before = shelf.content()
    shelf.vendor(LEAF)
    assert shelf.content() == before


def test_a_new_version_replaces_the_old_and_what_it_no_longer_has(shelf: Shelf) -> None:
    shelf.vendor(LEAF)
    shelf.publish("leaf@2.0.0", {"leaf.js": "another leaf"})
    shelf.vendor(Wanted("leaf", "2.0.0", {"leaf.min.js": "leaf.js"}))
    assert shelf.content().keys() == {"leaf.min.js", "manifest.json"}
    assert shelf.content()["leaf.min.js"] == "another leaf"


def test_a_version_whose_content_has_changed_is_refused(shelf: Shelf) -> None:
    shelf.vendor(LEAF)
    before = shelf.content()
    shelf.publish("leaf@1.0.0", {**CONTENT, "dist/leaf.js": "a weed"})
    with pytest.raises(
        VendorError, match=r"dist/leaf.js of leaf@1.0.0 has changed since it was recorded; find out why"
    ):
        shelf.vendor(LEAF)
    assert shelf.content() == before


def test_nothing_is_written_unless_all_of_it_came(shelf: Shelf) -> None:
    with pytest.raises(VendorError, match=r"could not fetch branch@1.0.0; look at .* try again.\n  npm error 404"):
        shelf.vendor(LEAF, Wanted("branch", "1.0.0", {"branch.js": "branch.js"}))
    assert shelf.content() == {}


def test_a_file_that_the_package_does_not_hold_is_named(shelf: Shelf) -> None:
    with pytest.raises(VendorError, match=r"leaf@1.0.0 holds no umd/leaf.js; look for its new name"):
        shelf.vendor(Wanted("leaf", "1.0.0", {"leaf.js": "umd/leaf.js"}))


def test_another_licence_is_for_a_person_to_read(shelf: Shelf) -> None:
    shelf.publish("leaf@1.0.0", CONTENT, license="SSPL-1.0")
    with pytest.raises(VendorError, match=r"leaf@1.0.0 is under SSPL-1.0; read it"):
        shelf.vendor(LEAF)


def test_without_npm_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VendorError, match=r"npm is not installed; install Node.js"):
        vendor([LEAF], tmp_path, tmp_path / "manifest.json")


def test_a_patched_file_has_both_digests(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PATCHES, "leaf.min.js", [Patch("leaves fall", "leaf", "patched leaf")])
    (file, _licence) = shelf.vendor(LEAF).files()
    assert shelf.content()["leaf.min.js"] == "the patched leaf"
    assert (file.published, file.integrity) == (integrity(b"the leaf"), integrity(b"the patched leaf"))
    shelf.vendor(LEAF)


def test_a_patch_for_a_file_that_has_moved_on_is_named_and_nothing_is_written(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PATCHES, "leaf.min.js", [Patch("leaves fall", "e", "E")])
    with pytest.raises(PatchError, match=r'leaf.min.js has the text of the patch "leaves fall" 2 times, not once'):
        shelf.vendor(LEAF)
    assert shelf.content() == {}


def test_what_is_wanted_is_what_is_recorded() -> None:
    recorded = Manifest.read().packages
    assert [(wanted.name, wanted.version, list(wanted.files.items())) for wanted in WANTED] == [
        (package.name, package.version, [(file.name, file.source) for file in package.files]) for package in recorded
    ]


def test_check_answers_without_npm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--check"]) == 0
    assert "graphiql 4.1.2 (MIT): 3 files" in capsys.readouterr().out
    assert main([]) == 1
    assert capsys.readouterr().err.startswith("npm is not installed;")
