"""The `trellis` command.

Arguments and `TRELLIS_…` variables enter; results leave on stdout, one sentence with the cure on stderr, and an exit
status from `graph.cli.errors`.

Each command is in two files: `graph/cli/db.py` declares arguments and help with Typer alone, `graph/cli/actions/db.py`
does the work. A declaration imports its action when the command runs: help, `--version` and wrong arguments never
import SQLAlchemy, Alembic or Strawberry.
"""

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from graph import VERSION
from graph.cli.errors import CommandError

MODULES = (
    *("graph.cli.serve", "graph.cli.explain", "graph.cli.init", "graph.cli.maintain", "graph.cli.status"),
    *("graph.cli.db", "graph.cli.schema", "graph.cli.documents"),
)
"""The modules that declare the commands of every house, each with `register`."""

COMMANDS_OF_THE_HOUSE = "graph.commands"
"""The package whose `MODULES` take the place of ours, where there is one: ours and those about nouns, in order."""

COLLECT_AFTER = 300_000
"""New objects after which the collector looks for garbage among them; Python's own choice is 700."""


def main() -> None:
    """Run the command line as a process of its own: the console script `trellis`."""
    # A start makes 240,000 objects that stay (imports, mappers, the schema). To look for garbage among them 324 times
    # takes 0.1 s of CPU; the server sets its own threshold when it listens.
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    _read_environment()
    try:
        run(sys.argv[1:])
    finally:
        # The interpreter would take all of them apart before it ends: 0.4 s of CPU for `trellis schema export`, a third
        # of the command. Source: https://docs.python.org/3/library/gc.html#gc.freeze
        gc.freeze()


def _read_environment() -> None:
    """Take settings from the file `.env` of the project, where the environment does not say them."""
    file = Path(__file__).resolve().parents[2] / ".env"
    if file.is_file():
        from dotenv import dotenv_values  # late: few have the file

        for name, value in dotenv_values(file).items():
            if name.upper().startswith("TRELLIS_") and value is not None:
                os.environ.setdefault(name, value)


def run(arguments: Sequence[str]) -> None:
    """Run one command. Raises `SystemExit` with a status of `graph.cli.errors.Exit`."""
    try:
        command_line()(arguments, prog_name="trellis")
    except KeyboardInterrupt:
        sys.exit(130)
    except CommandError as error:
        _fail(error)
    except Exception as error:
        from graph.cli.failures import explained  # late, because database drivers come along

        failure = explained(error)
        if failure is None:
            raise
        _fail(failure)


def _fail(failure: CommandError) -> NoReturn:
    typer.echo(f"Error: {failure}", err=True)
    sys.exit(failure.status)


def command_line() -> typer.Typer:
    """Every command with its arguments and its help; no action is imported."""
    app = typer.Typer(
        name="trellis",
        cls=_WithEveryCommand,
        callback=_trellis,
        no_args_is_help=True,
        rich_markup_mode=None,  # plain text: examples keep their lines, and pipes get no boxes
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    for module in _modules():
        import_module(module).register(app)
    return app


def _modules() -> Sequence[str]:
    if find_spec(COMMANDS_OF_THE_HOUSE) is None:
        return MODULES
    modules: Sequence[str] = import_module(COMMANDS_OF_THE_HOUSE).MODULES
    return modules


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trellis {VERSION}")
        raise typer.Exit


def _trellis(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Trellis: a GraphQL API server on SQLAlchemy models.

    Settings are environment variables that begin with TRELLIS_; docs/settings.md lists them. Start with
    `trellis db upgrade`, then `trellis serve`. Every command explains itself: `trellis db upgrade --help`.
    """


class _WithEveryCommand(TyperGroup):
    """Help that lists the commands of groups too, so that one look shows everything."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        commands = list(_leaves(self))
        width = formatter.width - 6 - max(len(name) for name, _ in commands)
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(width)) for name, command in commands])


def _leaves(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _leaves(command, f"{before}{name} ")
        elif isinstance(command, TyperCommand) and not command.hidden:
            yield f"{before}{name}", command
