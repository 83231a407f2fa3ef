"""Fetch GraphiQL's files from npm: `python -m graph.explorer.vendor`, which is `make explorer`.

Package names and versions enter, `files/` and `manifest.json` leave, each file patched where `patches.py` says so. To
upgrade, change a version in `WANTED` and run it. The same versions and patches give the same files, so that running it
again changes nothing; a published version whose content has changed is refused. With `--check` nothing is fetched and
nothing is written.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.errors import TrellisError
from graph.explorer.manifest import (
    FILES,
    MANIFEST,
    Manifest,
    ManifestError,
    VendoredFile,
    VendoredPackage,
    check,
    integrity,
)
from graph.explorer.patches import PatchError, patched

FETCH_TIMEOUT_S = 300


@dataclass(frozen=True)
class Wanted:
    """A package at a version, and its files: our name for each, and its path in the package."""

    name: str
    version: str
    files: Mapping[str, str]

    @property
    def specifier(self) -> str:
        """The package as npm names it."""
        return f"{self.name}@{self.version}"


WANTED = (
    Wanted("react", "18.2.0", {"react.min.js": "umd/react.production.min.js", "react.LICENSE.txt": "LICENSE"}),
    Wanted(
        "react-dom",
        "18.2.0",
        {"react-dom.min.js": "umd/react-dom.production.min.js", "react-dom.LICENSE.txt": "LICENSE"},
    ),
    # The last version that comes as one file: GraphiQL 5 wants a bundler, or modules from a CDN.
    Wanted(
        "graphiql",
        "4.1.2",
        {
            "graphiql.min.js": "graphiql.min.js",
            "graphiql.min.css": "graphiql.min.css",
            "graphiql.LICENSE.txt": "LICENSE",
        },
    ),
    # Its package carries no licence file: it comes from the same repository as graphiql, under the same licence.
    Wanted(
        "@graphiql/plugin-explorer",
        "4.0.6",
        {"plugin-explorer.min.js": "dist/index.umd.js", "plugin-explorer.css": "dist/style.css"},
    ),
    # Built into the plugin above; only the licence is ours to carry along.
    Wanted("graphiql-explorer", "0.9.0", {"graphiql-explorer.LICENSE.txt": "LICENSE"}),
)

LICENSES = frozenset({"MIT"})
"""The licences that we take in without a further thought."""


class VendorError(TrellisError):
    """The files cannot be fetched; the sentence names the cure."""


def fetch(wanted: Wanted, directory: Path) -> Path:
    """Fetch a package into a directory of its own and return the folder of its content.

    npm compares the archive with the digest in its registry. Raises `VendorError`.
    """
    directory.mkdir()
    npm = shutil.which("npm")
    if npm is None:
        raise VendorError("npm is not installed; install Node.js 18 or newer, which brings it along.")
    command = [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", str(directory), wanted.specifier]
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise VendorError(
            f"npm took longer than {FETCH_TIMEOUT_S} s to fetch {wanted.specifier}; look at the network and try again."
        ) from None
    if done.returncode != 0:
        reason = (done.stderr or done.stdout).strip().splitlines()
        raise VendorError(
            f"npm could not fetch {wanted.specifier}; look at the network and the version, and try again."
            + "".join(f"\n  {line}" for line in reason[-5:])
        )
    (archive,) = directory.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")
    return directory / "package"


def describe(wanted: Wanted, package: Path, recorded: VendoredPackage | None) -> VendoredPackage:
    """Describe a fetched package. Raises `VendorError` if it is not the package that we know."""
    licence = json.loads((package / "package.json").read_text(encoding="utf-8")).get("license", "no licence")
    if licence not in LICENSES:
        raise VendorError(f"{wanted.specifier} is under {licence}; read it, and add it to LICENSES if we may.")
    found = VendoredPackage(
        wanted.name,
        wanted.version,
        licence,
        tuple(described(wanted, package, name, source) for name, source in wanted.files.items()),
    )
    if recorded is not None and recorded.version == found.version:
        refuse_another_content(recorded, found)
    return found


def described(wanted: Wanted, package: Path, name: str, source: str) -> VendoredFile:
    """One file with its digests, as published and as patched. Raises `VendorError` if it is not there."""
    try:
        content = (package / source).read_bytes()
    except FileNotFoundError:
        raise VendorError(
            f"{wanted.specifier} holds no {source}; look for its new name in the package and change WANTED."
        ) from None
    return VendoredFile(name, source, integrity(content), integrity(patched(name, content)))


def refuse_another_content(recorded: VendoredPackage, found: VendoredPackage) -> None:
    """Raise `VendorError` if a file of a published version has changed: a version is published once."""
    before = {file.source: file.published for file in recorded.files}
    for file in found.files:
        if before.get(file.source, file.published) != file.published:
            raise VendorError(
                f"{file.source} of {found.name}@{found.version} has changed since it was recorded; find out why,"
                f" and delete {MANIFEST.name} only if you trust the new content."
            )


def vendor(wanted: Sequence[Wanted] = WANTED, files: Path = FILES, record: Path = MANIFEST) -> Manifest:
    """Fetch everything wanted, then write the files and the manifest.

    Nothing is written unless all of it came. Raises `VendorError`, and `PatchError` for a file that has moved on.
    """
    before = Manifest.read(record) if record.exists() else Manifest(())
    with tempfile.TemporaryDirectory(prefix="trellis-explorer-") as folder:
        packages = [fetch(one, Path(folder) / str(number)) for number, one in enumerate(wanted)]
        after = Manifest(
            tuple(
                describe(one, package, before.package(one.name)) for one, package in zip(wanted, packages, strict=True)
            )
        )
        for one, package in zip(wanted, packages, strict=True):
            for name, source in one.files.items():
                (files / name).write_bytes(patched(name, (package / source).read_bytes()))
    for gone in {file.name for file in before.files()} - {file.name for file in after.files()}:
        (files / gone).unlink(missing_ok=True)
    record.write_text(after.text(), encoding="utf-8")
    check(after, files)
    return after


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch the files, or check them; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m graph.explorer.vendor", description="Fetch GraphiQL's files.")
    parser.add_argument("--check", action="store_true", help="compare the files with the manifest, fetch nothing")
    check_only = parser.parse_args(arguments).check
    try:
        if check_only:
            manifest = Manifest.read()
            check(manifest)
        else:
            manifest = vendor()
    except (ManifestError, PatchError, VendorError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for package in manifest.packages:
        sys.stdout.write(f"{package.name} {package.version} ({package.license}): {len(package.files)} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
