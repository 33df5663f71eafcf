"""How a job can end other than well, and the one place where that is decided."""

from __future__ import annotations

_MEMORY_SIGNS = ("can't allocate memory", "bad_alloc", "out of memory", "OOM when")
_REASON_LENGTH = 400


class JobError(Exception):
    """What was asked for could not be made: the message is the reason, in one sentence."""

    outcome = "build_failed"


class UnsupportedError(JobError):
    """What was asked for does not exist for this model, input or graph."""

    outcome = "unsupported"


class UnavailableError(JobError):
    """A plug-in's file or a framework is not in this environment."""

    outcome = "unavailable"


def outcome_of(error: Exception) -> tuple[str, str]:
    """Return the outcome and the one-sentence reason of an exception, foreseen or foreign."""
    if isinstance(error, JobError):
        return error.outcome, sentence(error)
    if isinstance(error, ImportError):
        return "unavailable", "this environment lacks a package: " + sentence(error)
    # torch, ONNX Runtime and TensorFlow have errors of their own for a failed allocation.
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in _MEMORY_SIGNS):
        return "out_of_memory", sentence(error)
    return "build_failed", f"{type(error).__name__}: {sentence(error)}"


def sentence(error: Exception) -> str:
    """Return what the exception says on one line, at most 400 characters long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _REASON_LENGTH else text[: _REASON_LENGTH - 3] + "..."
