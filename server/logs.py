"""How the process writes its log: one line per event, for people or as JSON, never a secret."""

import asyncio
import atexit
import json as json_module
import logging
import sys
from collections import deque
from collections.abc import MutableMapping
from enum import Enum
from typing import Any, TextIO

import structlog
from opentelemetry import trace
from structlog.typing import Processor


class LogLevel(Enum):
    """What is written: this and what is graver."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LineWriter:
    """Writes lines to a stream, all of one turn of the event loop together.

    A write for each line is a system call in which other threads get the interpreter, for as long as they like. A
    process that is killed loses the lines of its last turn. Outside of an event loop each line is written at once.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._turn_of: asyncio.AbstractEventLoop | None = None
        atexit.register(self._write_out)

    def msg(self, line: str) -> None:
        """Have a line written; any thread may."""
        self._lines.append(f"{line}\n")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write_out()
            return
        if self._turn_of is not loop:
            self._turn_of = loop
            loop.call_soon(self._write_out)

    debug = info = warning = error = critical = msg

    def _write_out(self) -> None:
        self._turn_of = None
        taken = [self._lines.popleft() for _ in range(len(self._lines))]
        if taken:
            self._stream.write("".join(taken))
            self._stream.flush()


class LogFormat(Enum):
    """How it is written."""

    HUMAN = "human"
    JSON = "json"


_SECRET_KEYS = frozenset(
    {"authorization", "password", "cookie", "set-cookie", "token", "access_token", "key", "jsessionid", "csrf_token"}
)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank what must not be written, whoever gave it."""
    if not _SECRET_KEYS.isdisjoint(map(str.lower, event)):
        for key in event:
            if key.lower() in _SECRET_KEYS:
                event[key] = "[redacted]"
    return event


_ENCODER = json_module.JSONEncoder(ensure_ascii=False, default=repr)


def _written(event: MutableMapping[str, Any], **_: object) -> str:
    return _ENCODER.encode(event)  # made once: json.dumps would make an encoder for every line


def add_trace(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The trace that a line belongs to, where there is one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
    return event


def configure(level: LogLevel, *, json: bool) -> None:
    """Send everything, that of libraries too, to standard error."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
        add_trace,
    ]
    rendering: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_written)]
        if json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    number = logging.getLevelNamesMapping()[level.name]
    writer = LineWriter(sys.stderr)
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda: writer,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    logging.getLogger("aiocometd").setLevel(max(number, logging.ERROR))  # links are told of by who uses it
