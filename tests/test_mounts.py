"""Which folders are of one machine, by what Linux tells of its mounts."""

from pathlib import Path

import pytest

from graph.mounts import local_file_system

TOLD = r"""
22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:30 / /srv/shared rw shared:5 - nfs4 files:/export rw
31 22 0:31 / /srv/shared/fast rw shared:6 master:2 - tmpfs tmpfs rw
32 22 0:32 / /srv/two\040words rw - fuse.sshfs somebody@files: rw
33 22 0:33 / /srv/twice rw - nfs4 files:/old rw
34 33 0:34 / /srv/twice rw - xfs /dev/sdb rw
35 22 8:1 / /srv/windows rw - fuseblk /dev/sdc rw
36 22 0:36 / /srv/container rw - overlay overlay rw
""".lstrip()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/trellis", "ext4"),
        ("/srv/shared", None),
        ("/srv/shared/not/there/yet", None),
        ("/srv/shared-but-not-that", "ext4"),
        ("/srv/shared/fast/files", "tmpfs"),
        ("/srv/two words/files", None),
        ("/srv/twice", "xfs"),
        ("/srv/windows", "fuseblk"),
        ("/srv/container", "overlay"),
    ],
)
def test_a_folder_is_of_the_mount_that_is_nearest_above(folder: str, kind: str | None, tmp_path: Path) -> None:
    told = tmp_path / "mountinfo"
    told.write_text(TOLD)
    assert local_file_system(Path(folder), told) == kind


def test_where_nobody_tells_nothing_is_known(tmp_path: Path) -> None:
    assert local_file_system(tmp_path, tmp_path / "nothing") is None
