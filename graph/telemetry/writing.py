"""How the log is written: settings and a stream enter; afterwards every line of the process has one form.

One JSON object a line for programs; on a terminal words and colours, which structlog renders. The standard library's
loggers, ours and uvicorn's, are rendered as lines of operations are; these go past the loggers, which take 5 µs for
each, and are written by a thread.
Source: https://docs.python.org/3/library/logging.html#formatter-objects
"""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

import orjson

from graph.request_id import ANSWERED
from graph.settings import LogFormat, Settings
from graph.terminal import may_colour

if TYPE_CHECKING:
    from structlog.dev import ConsoleRenderer

Line: TypeAlias = Mapping[str, Any]
Write: TypeAlias = Callable[[Line], None]
Render: TypeAlias = Callable[[Line], bytes]
"""Without a line break at the end."""

GATHERED_S = 0.07
"""How long lines wait for others, to be written together."""
TO_MILLISECONDS = len("2026-12-01T12:00:00.000")
CLOSING_S = 1.0
"""How long the end of a process waits for whoever reads its log."""
MAX_WAITING = 10_000
"""How many lines wait for whoever reads the log; others are left out."""
LEFT_OUT = "lines were left out, for nobody read the log"

OURS = ("trellis", "uvicorn", "uvicorn.error", "uvicorn.access")


class LineWriter:
    """Writes lines of operations to a stream, from a thread of its own, some at a time.

    Whoever has a line renders it into a queue, and waits for nothing: not for a pipe that nobody reads, which would
    otherwise hold all others up. What the queue has no room for is left out, and counted. A process that is killed
    loses the lines of the last `GATHERED_S`.

    The thread does as little as it can, for it and the event loop have to wait for one another whenever it runs: it
    sleeps while lines come, and waits to be woken only where none has come meanwhile.
    """

    def __init__(self, file: int, render: Render) -> None:
        """`file`: its descriptor. A stream has a lock, which a waiting thread would hold at the process's end."""
        self._file = file
        self._render = render
        self._lines: deque[bytes] = deque()
        self._left_out = 0
        self._waits = True
        """Whether the thread has to be woken."""
        self._woken = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def __call__(self, line: Line) -> None:
        """Write a line soon."""
        if len(self._lines) >= MAX_WAITING:
            self._left_out += 1
            return
        self._lines.append(self._render(line) + b"\n")
        if self._waits:
            self._waits = False
            self._woken.set()

    def close(self) -> None:
        """Write what waits, for a moment at most."""
        self._closed = True
        self._woken.set()
        self._thread.join(CLOSING_S)

    def _run(self) -> None:
        while not self._closed:
            self._woken.wait()
            self._woken.clear()
            while self._lines and not self._closed:
                time.sleep(GATHERED_S)
                self._write()
            self._waits = True
            if self._lines:  # whoever has added it did not know that it was needed
                self._woken.set()
        self._write()

    def _write(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        left_out, self._left_out = self._left_out, 0
        if left_out:
            told = {"time": moment(time.time()), "level": "warning", "event": LEFT_OUT, "lines": left_out}
            lines.append(self._render(told) + b"\n")
        rest = memoryview(b"".join(lines))
        with contextlib.suppress(OSError):  # nobody reads the log any more
            while rest:
                rest = rest[os.write(self._file, rest) :]


class RecordFormatter(logging.Formatter):
    """Renders what the standard library's loggers are told as any other line."""

    def __init__(self, render: Render) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        """One line, with the request during which it was written."""
        line: dict[str, Any] = {
            "time": moment(record.created),
            "level": record.levelname.lower(),
            "event": _writable(record.getMessage()),
            "logger": record.name,
        }
        request = ANSWERED.get()
        if request is not None:
            line["request_id"] = request.request_id
        if record.exc_info:
            line["exception"] = _writable(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = _writable(record.stack_info)
        return self._render(line).decode()


def moment(seconds: float) -> str:
    """A moment in seconds since 1970, as lines have it."""
    whole = int(seconds)
    return f"{_second(whole)}.{str(int((seconds - whole) * 1e6)).zfill(6)}Z"


def milliseconds(seconds: float) -> float:
    """A time as lines have it, to the microsecond; `round` takes as long as all of a line's rendering."""
    return int(seconds * 1e6 + 0.5) / 1000


@lru_cache(maxsize=2)  # of many lines in a row, few are of another second
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _writable(text: str) -> str:
    """A text that may hold halves of characters, which no file takes."""
    return text.encode(errors="replace").decode()


def set_up_logging(settings: Settings, stream: TextIO) -> None:
    """Write the logs of this process to a stream, in the form that the settings want."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RecordFormatter(_renderer(settings, stream)))
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
    return LineWriter(stream.fileno(), _renderer(settings, stream))


def _renderer(settings: Settings, stream: TextIO) -> Render:
    form = settings.log_format
    if form is LogFormat.JSON or (form is LogFormat.AUTO and not stream.isatty()):
        return _as_json
    # Late: structlog brings Rich and Pygments along, 4.5 MiB that no server needs whose log is read by programs.
    from structlog.dev import ConsoleRenderer, plain_traceback

    # Plain: Rich would show the values of variables, and a password may be among them.
    renderer = ConsoleRenderer(colors=may_colour(stream), exception_formatter=plain_traceback)
    return partial(_as_text, renderer=renderer)


def _as_json(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_UTC_Z)


def _as_text(line: Line, renderer: "ConsoleRenderer") -> bytes:
    told = {name: value for name, value in line.items() if value is not None and value != ""}
    sent = told.pop("sent", ())
    told["timestamp"] = str(told.pop("time"))[:TO_MILLISECONDS]
    statements = [f"    {each['ms']} ms, {each['rows']} rows: {each['sql']}" for each in sent]
    return "\n".join([str(renderer(None, told["level"], told)), *statements]).encode(errors="replace")
