"""The one place where an exception becomes an outcome with its reason."""

import re
import sys
import traceback

from retable_runner.errors import ConnectionLost, JobError, Unavailable, Unsupported

REASON_LENGTH = 300
# How libraries written in C++ say that there was no memory, when they do not raise MemoryError.
OUT_OF_MEMORY = re.compile(
    r"bad_alloc|bad alloc|out of memory|OOM when|failed to allocate (.* )?memory", re.I
)
# Lines of a library's message that say where in its source, or be polite: not the reason.
NOISE = re.compile(
    r"Exception from |Check '.*' failed at |Please |Traceback |File \"|Hint: |\[\[|\[Op:|[\W_]*$"
)
# Errors whose message alone says little: KeyError's is a bare key.
NAMED = (LookupError, AttributeError, TypeError, AssertionError, NameError)


def settle(verb, job, result, failure):
    """Run `verb(job, result)`; where it raises, put the outcome and the reason into `result`.

    `failure` is the outcome of an error of no better name: "build_failed" or "crashed". What the
    verb learnt before it failed stays; the traceback goes to stderr. A lost connection is a fact
    besides: whoever began the job may begin it anew. JobError is let through.
    """
    try:
        verb(job, result)
    except JobError:
        raise
    except Exception as error:
        result["outcome"] = outcome(error, failure)
        result["reason"] = reason(error)
        if isinstance(error, ConnectionLost):
            result["facts"]["connection_lost"] = True
        _print_traceback(error)


def outcome(error, failure):
    """Return the name of the outcome that `error` is, `failure` if it has none of its own."""
    if isinstance(error, Unsupported):
        return "unsupported"
    if isinstance(error, (ImportError, Unavailable, ConnectionLost)):
        return "unavailable"
    if isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error)):
        return "out_of_memory"
    return failure


def reason(error):
    """Return the last line of the error's message that says something, 300 characters at most."""
    lines = [" ".join(line.split()) for line in str(error).splitlines()]
    telling = [line for line in lines if line and not NOISE.match(line)]
    text = telling[-1] if telling else ""
    if not text or isinstance(error, NAMED):
        text = "{}: {}".format(type(error).__name__, text).rstrip(": ")
    return text if len(text) <= REASON_LENGTH else text[: REASON_LENGTH - 3] + "..."


def _print_traceback(error):
    lines = None
    if isinstance(error, MemoryError):
        traceback.clear_frames(error.__traceback__)  # give back what the frames hold, to go on
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    sys.stderr.write("".join(lines))
