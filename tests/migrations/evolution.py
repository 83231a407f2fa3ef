"""A schema that changes: tables before and after, and rows that live through the change.

Models of two states enter; `Evolution` brings a database from one to the other as a developer would, by revisions that
alembic writes. The tables are of every kind that the models may have, each with its own change.
"""

import io
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData

from db import migrate
from db.settings import HOUSE, DatabaseSettings


class Evolution:
    """A database whose revisions are in a folder of a test."""

    def __init__(self, settings: DatabaseSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def config(self, models: MetaData) -> Config:
        """What alembic needs to compare the database with these models."""
        config = Config(stdout=io.StringIO())
        config.set_main_option("script_location", str(HOUSE / "migrations"))
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_locations", str(self._folder))
        config.set_main_option("file_template", "%%(rev)s")
        config.attributes.update(settings=self._settings, metadata=models)
        return config

    def differences(self, models: MetaData) -> list[str]:
        """A sentence for each difference."""
        return migrate.compare(self.config(models))

    def written(self, models: MetaData) -> str:
        """The next revision, as alembic writes it."""
        config = self.config(models)
        command.revision(config, "Next", autogenerate=True)
        return max(self._folder.glob("*.py")).read_text("utf-8")

    def to(self, models: MetaData) -> str:
        """Write the next revision and run it; gives its text."""
        text = self.written(models)
        self.upgrade(models)
        return text

    def on(self, settings: DatabaseSettings) -> "Evolution":
        """The same revisions for another database."""
        return Evolution(settings, self._folder)

    def upgrade(self, models: MetaData) -> None:
        """Run all revisions."""
        command.upgrade(self.config(models), "head")

    def down(self, models: MetaData) -> None:
        """Take all revisions back."""
        command.downgrade(self.config(models), "base")

    def back(self, models: MetaData) -> None:
        """Take the newest revision back, and lay it aside."""
        command.downgrade(self.config(models), "-1")
        newest = max(self._folder.glob("*.py"))
        newest.rename(newest.with_suffix(".aside"))

    def again(self, models: MetaData) -> None:
        """Run the revision that was laid aside."""
        (aside,) = self._folder.glob("*.aside")
        aside.rename(aside.with_suffix(".py"))
        self.upgrade(models)
