"""`trellis doctor`: what is wrong with an installation, and what to do.

The declaration alone; `graph.cli.actions.doctor` does the work.
"""

from typing import Annotated

import typer

from graph.cli.help import help_of


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("doctor", help=help_of(_doctor))(_doctor)


def _doctor(
    workers: Annotated[int, typer.Option(min=1, help="How many processes are to share the work; see serve.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Look for what is wrong with this installation, and say what to do.

    It looks at Python and the libraries, at settings that contradict each other, at the database (version, encoding,
    clock, revision, tables, room), at pools against the connections that the database allows, at replicas and
    PgBouncer, at the store of files, at schema.graphql and at the address to listen on. Nothing in the database is
    changed. The status is 1 when something is broken.

    What one operation costs, and which index it lacks, says the query doctor: trellis explain.

    Examples:
      trellis doctor
      trellis doctor --workers 4
      trellis doctor --json | jq '.results[] | select(.state != "ok")'
    """
    from graph.cli.actions import doctor

    doctor.doctor(workers, as_json=as_json)
