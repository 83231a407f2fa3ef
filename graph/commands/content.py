"""Commands about content: `trellis import`, `trellis demo` and `trellis export`.

Declarations alone; `graph.commands.actions.markdown` and `.content` do the work.
"""

from pathlib import Path
from typing import Annotated

import typer

from graph.cli.help import help_of

NOUNS = (
    "accounts",
    "audit_entries",
    "documents",
    "order_lines",
    "orders",
    "posts",
    "roles",
    "tags",
    "transfers",
    "users",
)
"""What `trellis export` takes: `db.exporting.nouns()`, whose import would take the models along."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    imports = typer.Typer(help="Bring content in from files.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(imports, name="import")
    imports.command("markdown", help=help_of(_import_markdown))(_import_markdown)
    app.command("demo", help=help_of(_demo))(_demo)
    app.command("export", help=help_of(_export))(_export)


def _nouns(incomplete: str) -> list[str]:
    return [noun for noun in NOUNS if noun.startswith(incomplete)]


def _import_markdown(
    path: Annotated[Path, typer.Argument(help="A folder, searched with all below it, or one file.")],
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing when any file is refused.")] = False,
    default_author: Annotated[
        str | None, typer.Option("--default-author", metavar="NAME", help="The author of files that name none.")
    ] = None,
) -> None:
    """Make posts of Markdown files with front matter.

    The front matter opens the file: TOML between lines of +++, or YAML between lines of ---.

    A post's slug is `path`, whole; without one, the file's path below PATH, the last part replaced by `slug` if
    given. Its date is `date`, or the YYYY/MM/DD in `path`, or the YYYY-MM-DD- that begins the file's name. Without
    any date, or with `draft: true`, it is a draft.

    `author` and `authors` become contributors in order, the first of them the author: a name, or a mapping with name
    and email. Who gives no address gets one at authors.invalid, always the same. Tags come from `tags` and
    `categories`, `extra.team`, `extra.release`, and the first part of `path` when it is not a year.

    The file is the truth: running this again changes only what differs, and a post with the same slug is overwritten.
    Files that are refused are named on stderr with line and reason, and the exit status is 1.

    Examples:
      trellis import markdown content/                     every file that can be imported
      trellis import markdown content/ --strict            all of them or none
      trellis import markdown notes/ --default-author Ada  files that name no author are hers
    """
    from graph.commands.actions import markdown

    markdown.import_files(path, strict=strict, default_author=default_author)


def _demo(
    scale: Annotated[int, typer.Option(min=1, help="How many times 20 users, 60 posts and what belongs to them.")] = 1,
    seed: Annotated[int, typer.Option(help="Another number makes other rows.")] = 0,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing when there are users or tags.")] = False,
) -> None:
    """Fill an empty database with demo data.

    A gardening club moves in, with its people, posts, documents, orders and money. The same scale and seed give the
    same rows on every database, ids and dates included. Everybody in it has one password, which is printed: no
    database that others can reach is a place for it.

    Examples:
      trellis demo                20 users, 60 posts and what belongs to them
      trellis demo --scale 100    a hundred times as much, within seconds
      trellis demo --if-empty     nothing when there is content already, for scripts
    """
    from graph.commands.actions import content

    content.fill(scale, seed, if_empty=if_empty)


def _export(
    noun: Annotated[str, typer.Argument(help=f"One of {', '.join(NOUNS)}.", autocompletion=_nouns)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; it appears when it is complete.")
    ] = None,
) -> None:
    """Write every row of a noun as NDJSON.

    Each row is one line with a JSON object, on stdout or in a file. Any number of rows takes the same memory. Posts
    come with the e-mail addresses of their author and contributors and with the slugs of their tags. Passwords are
    never exported.

    Examples:
      trellis export posts | head -1 | python -m json.tool
      trellis export orders --output orders.ndjson
    """
    from graph.commands.actions import content

    content.export(noun, output)
