"""`make federation`: gateways of npm compose two subgraphs of Trellis with one of their own, and ask them.

Our own application and a sample are served on free ports, on temporary SQLite databases; the packages are installed
into a temporary folder. Prints what was tried; the exit status is that of what failed first. Nothing outlives the run.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select

from db import models
from db.relations import EVERYTHING
from db.session.engines import Engines
from graph.app import create_app
from graph.domain import Domain
from graph.entity import Schema
from graph.schema import DOMAIN
from graph.settings import Settings
from tests import node
from tests.cli.running import trellis_process
from tests.databases import Database
from tests.entity.chinook_rows import CHINOOK
from tests.entity.serving import fill
from tests.explorer.serving import serving

PACKAGES = (
    "@apollo/composition@2.14.4",
    "@apollo/gateway@2.14.4",
    "@apollo/server@5.5.1",
    "@apollo/subgraph@2.15.1",
    "@graphql-tools/federation@4.5.2",
    "@theguild/federation-composition@0.27.0",
    "graphql@16.15.0",
)
SCRIPT = Path(__file__).parent / "gateways.mjs"
INSTALL_S = 300
RUN_S = 120

MUSIC = Domain(lambda settings: Schema(CHINOOK.query, settings), lambda _viewer: EVERYTHING)


async def main() -> int:
    """Serve, install and run; the exit status."""
    try:
        path = node.path()
    except node.Unavailable as reason:
        print(reason, file=sys.stderr)  # noqa: T201 - a command
        return 1
    os.environ["PATH"] = path
    with tempfile.TemporaryDirectory(prefix="trellis-federation-") as name:
        folder = Path(name)
        status = await _run(
            "npm", "install", "--silent", "--no-audit", "--no-fund", *PACKAGES, folder=folder, most_s=INSTALL_S
        )
        if status:
            return status
        script = shutil.copy(SCRIPT, folder)  # Node.js looks for packages beside the script
        async with _blog(folder) as (blog, slugs), _music(folder) as music:
            return await _run("node", script, blog, music, *slugs, folder=folder, most_s=RUN_S)


@asynccontextmanager
async def _blog(folder: Path) -> AsyncIterator[tuple[str, list[str]]]:
    """Our own application on the demo's rows: its address, the slug of a published post, and that of a draft."""
    url = f"sqlite:///{folder / 'blog.db'}"
    trellis_process("db", "upgrade", TRELLIS_DATABASE_URL=url)
    trellis_process("demo", TRELLIS_DATABASE_URL=url)
    settings = Settings(database_url=SecretStr(url), federation=True)
    async with serving(create_app(settings, domain=DOMAIN)) as origin:
        yield f"{origin}/graphql", await _slugs(settings)


async def _slugs(settings: Settings) -> list[str]:
    engines = Engines(settings)
    try:
        async with engines.primary.connect() as connection:
            return [
                (
                    await connection.execute(select(models.Post.slug).where(models.Post.status == status).limit(1))
                ).scalar_one()
                for status in (models.PostStatus.PUBLISHED, models.PostStatus.DRAFT)
            ]
    finally:
        await engines.dispose()


@asynccontextmanager
async def _music(folder: Path) -> AsyncIterator[str]:
    """The address of another application, which leaves `node` to the first."""
    url = f"sqlite:///{folder / 'music.db'}"
    await fill(Database(url, "sqlite"), CHINOOK)
    settings = Settings(database_url=SecretStr(url), federation=True, federation_node=False)
    async with serving(create_app(settings, domain=MUSIC)) as origin:
        yield f"{origin}/graphql"


async def _run(*command: str | Path, folder: Path, most_s: float) -> int:
    """Run a command, with its output shown; its exit status."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=asyncio.subprocess.DEVNULL, env=os.environ
    )
    try:
        return await asyncio.wait_for(process.wait(), most_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
