"""Whether a folder is on a disk of this machine: a path enters; the name of its file system leaves, if it is one here.

Linux alone tells. Source: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
"""

import re
from contextlib import suppress
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

SHARED = re.compile(
    r"nfs\d*|cifs|smb\d*|ceph|glusterfs|lustre|gpfs|beegfs|afs|9p|virtiofs|ocfs2|gfs2|fuse(?!blk|ctl).*"
)
"""File systems that other machines may have mounted, too; what runs in user space may be anything."""
ESCAPED = re.compile(r"\\([0-7]{3})")


def local_file_system(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of file system that this machine alone has a folder on; None for a shared one, or where nobody tells."""
    with suppress(OSError):
        found = _kind_of(folder.resolve(), mounts.read_text("utf-8", errors="surrogateescape"))
        return None if found is None or SHARED.fullmatch(found) else found
    return None


def _kind_of(folder: Path, told: str) -> str | None:
    """The file system of the mount point that is nearest above a folder; of several at one, the last is seen."""
    nearest, kind = -1, None
    for line in told.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(ESCAPED.sub(lambda found: chr(int(found[1], 8)), before.split(" ")[4]))
        if folder.is_relative_to(point) and len(point.parts) >= nearest:
            nearest, kind = len(point.parts), after.split(" ")[0]
    return kind
