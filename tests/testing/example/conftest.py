"""The example of docs/testing.md: settings, viewers and rows of its tests."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from db import models
from db.session.engines import Engines
from graph.settings import Settings
from graph.testing import Database, settings_for, viewer
from graph.viewer import Viewer


@pytest.fixture
def settings(database: Database) -> Settings:
    return settings_for(database, max_page=50)


@pytest.fixture
def viewers() -> Mapping[str, Viewer]:
    return {
        "nobody": viewer(),
        "a member": viewer(13, roles=["member"]),
        "an admin": viewer(roles=["admin"]),
    }


@pytest.fixture
async def posts(engines: Engines) -> None:
    """Three posts, one of which is a draft."""
    ada, trees = models.User(email="ada@example.com", name="Ada"), models.Tag(name="Trees", slug="trees")
    day = datetime(2026, 5, 1, tzinfo=UTC)
    told = [
        ("Oaks", models.PostStatus.PUBLISHED),
        ("Elms", models.PostStatus.PUBLISHED),
        ("Pines", models.PostStatus.DRAFT),
    ]
    async with AsyncSession(engines.writing()) as session, session.begin():
        session.add_all(
            models.Post(
                slug=title.lower(),
                title=title,
                content="",
                status=status,
                published_at=day if status is models.PostStatus.PUBLISHED else None,
                author=ada,
                tags=[trees],
            )
            for title, status in told
        )
