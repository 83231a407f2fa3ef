"""Whom of the demo a developer may sign in as: a connection enters, one person for each role leaves.

Nobody where the database has no such user, or one with another password.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db import models
from graph.domain import Sample, SamplePerson


async def people(connection: AsyncConnection) -> Sequence[SamplePerson]:
    """The first of each role, the one who may most first."""
    from db.demo import people as demo  # late: servers that are no developer's need nobody of the demo

    first_of: dict[str, str] = {}
    for row in demo.users(1):
        first_of.setdefault(demo.roles_of(row["id"])[0], row["email"])
    users = models.User
    found = await connection.execute(
        select(users.email, users.name).where(
            users.email.in_(first_of.values()), users.hashed_password == demo.HASHED_PASSWORD, users.is_active
        )
    )
    names = {row.email: row.name for row in found}
    return [
        SamplePerson(names[email], role, {"email": email, "password": demo.PASSWORD})
        for role, email in first_of.items()
        if email in names
    ]


SAMPLE = Sample("trellis demo", people)
