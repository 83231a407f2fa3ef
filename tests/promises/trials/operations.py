"""Operations that schemathesis makes of the schema, sent to a running server (promises 18 and 25)."""

import asyncio
import json
import os
import re
import sys
import tempfile
from pathlib import Path

from tests.attacks.seeds import SEED
from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding
from tests.promises.trials.stage import admin_headers, stage

ST = Path(sys.executable).with_name("st")
HOOKS = "tests.promises.trials.schemathesis_hooks"
MANY = 12


async def operations(dialect: str, _minutes: float) -> Finding:
    """Many for every field of the schema, as nobody and as an admin."""
    return await sent(dialect, MANY, seed=SEED)


async def sent(dialect: str, examples: int, *, seed: int) -> Finding:
    """So many for every root field; no answer is a server's error."""
    figures, outputs = list[str](), list[str]()
    async with (
        stage(dialect, scale=1) as made,
        ServerProcess(made.url, sign_in_limit_per_address="100000/minute") as server,
    ):
        for name, headers in (("nobody", {}), ("an admin", await admin_headers(made.settings))):
            status, output = await _run(server.origin, headers, examples, seed)
            cases = re.search(r"(\d[\d,]*) generated", output)
            figures.append(f"{cases[1] if cases else 'no'} as {name}")
            outputs += [f"as {name}: {_failures(output)}"] if status else []
    return Finding("operations: " + ", ".join(figures), outputs)


async def _run(origin: str, headers: dict[str, str], examples: int, seed: int) -> tuple[int, str]:
    arguments = [f"--header={name}: {value}" for name, value in headers.items()]
    with tempfile.TemporaryDirectory(prefix="trellis-schemathesis-") as folder:
        process = await asyncio.create_subprocess_exec(
            *(ST, "run", f"{origin}/graphql", "--checks", "server_error", "--seed", str(seed)),
            *("--max-examples", str(examples), "--phases", "fuzzing", "--no-color", "--request-timeout", "60"),
            *("--suppress-health-check", "all", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": HOOKS,
                "PYTHONPATH": str(Path(__file__).parents[3]),
                "COLUMNS": "200",
            },
        )
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


def _failures(output: str) -> str:
    """What went wrong, short."""
    kept = output[output.find("FAILURES") :] if "FAILURES" in output else output[-3_000:]
    return json.dumps(kept[:3_000])
