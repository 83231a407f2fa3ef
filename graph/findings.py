"""What people are told of a database: a word of `db.probing` enters, a sentence with the cure leaves.

Each stands after the name of a database. No text of a database is in them.
"""

from collections.abc import Mapping

from db.probing import Note, Problem

PRIMARY = "primary"
"""The name of the database that takes changes."""

UPGRADE = "Run `trellis db upgrade`."

SENTENCES: Mapping[str, str] = {
    Problem.UNREACHABLE: "does not answer, or does not let the server in. Start it, and check its URL.",
    Problem.NO_TABLES: f"lacks tables that the API shows. {UPGRADE}",
    Problem.OLDER_REVISION: f"is at an older revision than the code wants. {UPGRADE}",
    Problem.NEWER_REVISION: "is at a revision that the code does not know. Deploy the code that belongs to it; if the"
    " table of revisions is another application's, name one of Trellis's own by TRELLIS_VERSION_TABLE.",
    Problem.FILE_DELETED: "was a file that is gone; what is written is lost. Bring the file back and restart.",
    Problem.FILE_REPLACED: "was another file at the start; what is written is lost. Restart the server.",
    Problem.READ_ONLY: "takes no changes. Lead TRELLIS_DATABASE_URL to the primary, or let the server write.",
    Problem.FULL: "has a full disk. Make room.",
    Note.BUSY: "has too much to do to answer the probe.",
    Note.LEFT_OUT: "is left out: no query is read there. `replicas` says why; it comes back by itself.",
    Note.NEXT_REVISION: "is one revision ahead of the code, as while a new release is rolled out.",
    Note.NO_REVISION: "has tables, but no revision; nobody knows whether they are those of the code. `trellis db check`"
    " compares them, and `trellis db adopt` writes down that they are.",
    Note.OWN_TABLES: f"has not all of Trellis's own tables, at their newest revision, for this role. {UPGRADE}",
}
