"""The real application on a database with demo data."""

from pydantic import SecretStr
from starlette.applications import Starlette

from db.demo import fill
from db.migrate import upgrade
from db.session.engines import Engines
from graph.app import create_app
from graph.settings import DoctorAccess, Settings


def make_tables(database_url: str) -> None:
    """Migrate a database."""
    upgrade(Settings(database_url=SecretStr(database_url)))


async def fill_tables(database_url: str, scale: int = 1) -> None:
    """Fill a migrated, empty database."""
    engines = Engines(Settings(database_url=SecretStr(database_url)))
    try:
        await fill(engines, scale=scale)
    finally:
        await engines.dispose()


def demo_application(database_url: str, doctor: DoctorAccess = DoctorAccess.EVERYBODY) -> Starlette:
    """The application that serves such a database."""
    return create_app(Settings(database_url=SecretStr(database_url), doctor=doctor))
