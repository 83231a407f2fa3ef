"""The real application on a database with demo data."""

from pydantic import SecretStr
from starlette.applications import Starlette

from db.demo import fill
from db.session.engines import Engines
from graph.app import create_app
from graph.settings import Settings


async def demo_application(database_url: str) -> Starlette:
    """Fill a migrated, empty database, and make the application that serves it."""
    settings = Settings(database_url=SecretStr(database_url))
    engines = Engines(settings)
    try:
        await fill(engines, scale=1)
    finally:
        await engines.dispose()
    return create_app(settings)
