"""Files to import: small ones by hand, and many at once."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def make_file(folder: Path, name: str, text: str | bytes) -> Path:
    """A file with exactly this text."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def make_post(
    folder: Path,
    name: str = "post.md",
    *,
    title: str = "Beans",
    authors: Iterable[str] = ("Ada Winter",),
    body: str = "They climb.",
    extra: dict[str, Any] | None = None,
    **keys: Any,
) -> Path:
    """A post with TOML front matter."""
    metadata = {"title": title, "authors": list(authors), **keys}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in metadata.items()]
    if extra:
        lines += ["[extra]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in extra.items())]
    return make_file(folder, name, "\n".join(["+++", *lines, "+++", "", body, ""]))


def make_posts(folder: Path, count: int, *, body: str = "They climb.") -> Path:
    """Many posts, by seven authors in pairs, each with two of five tags."""
    for number in range(count):
        make_post(
            folder,
            f"{number % 10}/post-{number}.md",
            title=f"Post {number}",
            path=f"2024/05/{number % 28 + 1:02}/post-{number}",
            authors=[f"Author {number % 7}", f"Author {(number + 1) % 7}"],
            tags=[f"tag {number % 5}", f"tag {(number + 2) % 5}"],
            body=f"{body} {number}",
        )
    return folder
