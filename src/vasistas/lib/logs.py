"""How faults are written to the log: where they happened and of which kind, without the rows that databases quote."""

import logging
import traceback
from types import TracebackType

# PostgreSQL's errors carry "DETAIL: Key (name)=(…)", whole failing rows, and the values it could not read.
QUOTING = ("psycopg", "django.db.utils")

type ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """One line for each record; tracebacks below it tell of a database's error its kind, code and constraint alone."""

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 — logging's name
        error, parts, seen = ei[1], list[str](), set[int]()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            frames = traceback.format_tb(error.__traceback__)
            parts.insert(0, "".join(["Traceback (most recent call last):\n", *frames, _last_line(error)]))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nwhich led to\n".join(parts)


def _last_line(error: BaseException) -> str:
    kind = type(error)
    if not any(one.__module__.startswith(QUOTING) for one in kind.__mro__):
        return "".join(traceback.format_exception_only(error)).rstrip()
    code = getattr(error, "sqlstate", None)
    constraint = getattr(getattr(error, "diag", None), "constraint_name", None)
    told = " ".join(word for word in (code, constraint) if word)
    return f"{kind.__module__}.{kind.__qualname__}: {told or 'see its cause; its text may quote rows'}"
