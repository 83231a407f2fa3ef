"""How the log is written: settings and a stream enter; afterwards every line of the process has one form.

structlog renders: one JSON object a line for programs, words and colours on a terminal. The standard library's loggers,
ours and uvicorn's, are rendered alike; lines of operations go past its machinery, which takes 5 µs for each, and
are written by a thread.
Source: https://www.structlog.org/en/stable/standard-library.html#rendering-using-structlog-based-formatters-within-logging
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, TextIO, TypeAlias

import orjson
import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, Processor

from graph.request_id import ANSWERED
from graph.settings import LogFormat, Settings

Line: TypeAlias = Mapping[str, Any]
Write: TypeAlias = Callable[[Line], None]

GATHERED_S = 0.05
"""How long lines wait for others, to be written together."""
CLOSING_S = 1.0
"""How long the end of a process waits for whoever reads its log."""
MAX_WAITING = 10_000
"""How many lines wait for whoever reads the log; others are left out."""
LEFT_OUT = "lines were left out, for nobody read the log"

OURS = ("trellis", "uvicorn", "uvicorn.error", "uvicorn.access")


class LineWriter:
    """Writes lines of operations to a stream, from a thread of its own, some at a time.

    A request puts its line into a queue, and waits for nothing: not for a pipe that nobody reads, which would otherwise
    hold all others up. What the queue has no room for is left out, and counted. A process that is killed loses the
    lines of the last `GATHERED_S`.
    """

    def __init__(self, file: int, render: Callable[[Line], bytes]) -> None:
        """`file`: its descriptor. A stream has a lock, which a waiting thread would hold at the process's end."""
        self._file = file
        self._render = render
        self._lines: deque[Line] = deque()
        self._left_out = 0
        self._woken = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def __call__(self, line: Line) -> None:
        """Write a line soon."""
        if len(self._lines) >= MAX_WAITING:
            self._left_out += 1
            return
        self._lines.append(line)
        if not self._woken.is_set():
            self._woken.set()

    def close(self) -> None:
        """Write what waits, for a moment at most."""
        self._closed = True
        self._woken.set()
        self._thread.join(CLOSING_S)

    def _run(self) -> None:
        while not self._closed:
            self._woken.wait()
            if not self._closed:
                time.sleep(GATHERED_S)
            self._woken.clear()
            self._write()

    def _write(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        left_out, self._left_out = self._left_out, 0
        if left_out:
            lines.append({"time": datetime.now(UTC), "level": "warning", "event": LEFT_OUT, "lines": left_out})
        rest = memoryview(b"".join(map(self._render, lines)))
        with contextlib.suppress(OSError):  # nobody reads the log any more
            while rest:
                rest = rest[os.write(self._file, rest) :]


def set_up_logging(settings: Settings, stream: TextIO) -> None:
    """Write the logs of this process to a stream, in the form that the settings want."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(as_text=_is_text(settings, stream), colors=stream.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Of libraries, warnings: else SQLAlchemy would write each statement, and nothing would go past it.
    root.setLevel(logging.WARNING)
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
        logger.setLevel(settings.log_level.upper())


def line_writer(settings: Settings, stream: TextIO) -> LineWriter:
    """What writes lines of operations in that form."""
    as_text = partial(_as_text, renderer=structlog.dev.ConsoleRenderer(colors=stream.isatty()))
    return LineWriter(stream.fileno(), as_text if _is_text(settings, stream) else _as_json)


def _is_text(settings: Settings, stream: TextIO) -> bool:
    form = settings.log_format
    return form is LogFormat.TEXT or (form is LogFormat.AUTO and stream.isatty())


def _formatter(*, as_text: bool, colors: bool) -> ProcessorFormatter:
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        ExtraAdder(allow=()),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time" if not as_text else "timestamp"),
        _with_request_id,
    ]
    last: list[Processor] = [ProcessorFormatter.remove_processors_meta]
    if as_text:
        last.append(structlog.dev.ConsoleRenderer(colors=colors))
    else:
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json_text)]
    return ProcessorFormatter(foreign_pre_chain=shared, processors=last)


def _with_request_id(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Say during which request a line was written."""
    request = ANSWERED.get()
    if request is not None:
        event["request_id"] = request.request_id
    return event


def _as_json(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _as_text(line: Line, renderer: structlog.dev.ConsoleRenderer) -> bytes:
    told = {name: value for name, value in line.items() if value is not None and value != ""}
    sent = told.pop("sent", ())
    told["timestamp"] = told.pop("time").isoformat(timespec="milliseconds")
    statements = [f"    {each['ms']} ms, {each['rows']} rows: {each['sql']}" for each in sent]
    return "\n".join([str(renderer(None, told["level"], told)), *statements, ""]).encode(errors="replace")


def _json_text(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
