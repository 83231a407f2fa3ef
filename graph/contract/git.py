"""Files as they were: a Git ref and a path enter, the bytes of that file at that commit leave. Git reads them."""

import subprocess
from pathlib import Path

from graph.contract.errors import ContractError

PATIENCE_S = 60


def is_ref(ref: str, folder: Path) -> bool:
    """Whether the repository of a folder has a commit of that name."""
    return _commit(ref, folder) is not None


def file_at(ref: str, path: str, folder: Path) -> bytes:
    """A file at a commit; the path is from the root of the repository, or from the folder if it begins with `./`.

    Raises `ContractError` for a ref or a file that is not there.
    """
    commit = _commit(ref, folder)
    if commit is None:
        raise ContractError(
            f"There is no commit `{ref}` here. Fetch it with `git fetch origin`, or name one of `git log --all`."
        )
    found = _git(folder, "show", f"{commit}:{path}")
    if found.returncode:
        raise ContractError(
            f"There is no {path.removeprefix('./')} at `{ref}`. Name the file as well: `{ref}:path/to/schema.graphql`."
        )
    return found.stdout


def _commit(ref: str, folder: Path) -> str | None:
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return found.stdout.decode().strip() if found.returncode == 0 else None


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, timeout=PATIENCE_S, check=False
        )
    except FileNotFoundError:
        raise ContractError("Git is not installed. Install it, or compare with a file.") from None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise ContractError(f"Git could not be asked: {error}. Compare with a file.") from None
