"""What the vendored files are: packages, versions, licences and a SHA-384 for each file.

`manifest.json` enters, a `Manifest` leaves. A digest has the form of Subresource Integrity, so that the page
can hand it to the browser as it is: https://www.w3.org/TR/sri-2/. Nothing is fetched here.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from graph.errors import TrellisError

EXPLORER = Path(__file__).parent
FILES = EXPLORER / "files"
MANIFEST = EXPLORER / "manifest.json"

OWN_FILES = (
    "NOTICE.txt",
    "answer.js",
    "doctor.css",
    "doctor.js",
    "explorer.css",
    "explorer.js",
    "favicon.svg",
    "fetching.js",
    "home.css",
    "home.js",
    "session.js",
    "sharing.js",
    "sql.js",
    "storage.js",
    "store.js",
)
"""The files that we wrote; they change with our commits, so no digest is recorded for them."""


class ManifestError(TrellisError):
    """The files of the explorer are not the ones that the manifest records."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}; fetch the explorer's files again with `make explorer`.")


@dataclass(frozen=True)
class VendoredFile:
    """One file, where it lies in its package, and its digests."""

    name: str
    source: str
    published: str
    """The digest of the file in the package."""
    integrity: str
    """The digest of our file, which may be patched (`graph/explorer/patches.py`)."""


@dataclass(frozen=True)
class VendoredPackage:
    """One npm package and the files that we take from it."""

    name: str
    version: str
    license: str
    files: tuple[VendoredFile, ...]


@dataclass(frozen=True)
class Manifest:
    """Every vendored package, in order: the same packages give the same text."""

    packages: tuple[VendoredPackage, ...]

    @classmethod
    def read(cls, path: Path = MANIFEST) -> Self:
        """Read the manifest. Raises `ManifestError` if it is missing."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ManifestError(f"{path.name} is missing") from None
        return cls(
            tuple(
                VendoredPackage(
                    package["name"],
                    package["version"],
                    package["license"],
                    tuple(VendoredFile(**file) for file in package["files"]),
                )
                for package in json.loads(text)["packages"]
            )
        )

    def text(self) -> str:
        """The manifest as it is stored."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def files(self) -> Iterator[VendoredFile]:
        """Every vendored file, in order."""
        for package in self.packages:
            yield from package.files

    def package(self, name: str) -> VendoredPackage | None:
        """The package of that name, if it is vendored."""
        return next((package for package in self.packages if package.name == name), None)


def integrity(content: bytes) -> str:
    """The SHA-384 of a content as Subresource Integrity writes it: `sha384-` and base64."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode("ascii")


def verified(file: VendoredFile, directory: Path = FILES) -> bytes:
    """Read a vendored file. Raises `ManifestError` if it is missing or another than was recorded."""
    return recorded(file.name, file.integrity, directory)


def recorded(name: str, digest: str, directory: Path = FILES) -> bytes:
    """Read the file of a name that had this digest. Raises `ManifestError` if it is missing or another one."""
    try:
        content = (directory / name).read_bytes()
    except FileNotFoundError:
        raise ManifestError(f"{name} is missing") from None
    if integrity(content) != digest:
        raise ManifestError(f"{name} is not the file that {MANIFEST.name} records")
    return content


def check(manifest: Manifest, directory: Path = FILES) -> None:
    """Compare a folder with its manifest. Raises `ManifestError` at the first difference, strangers included."""
    for file in manifest.files():
        verified(file, directory)
    known = {file.name for file in manifest.files()} | set(OWN_FILES)
    for path in sorted(directory.iterdir()):
        if path.name not in known:
            raise ManifestError(f"{path.name} is not in {MANIFEST.name}; remove it")
