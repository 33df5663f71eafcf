"""The one place where it is decided how a step in an environment ended."""

from pathlib import Path

from retable.contract import Result
from retable.errors import RetableError
from retable.files import read_json
from retable.processes import Exit

OUT_OF_MEMORY_WORDS = ("std::bad_alloc", "MemoryError", "Cannot allocate memory")
CONTRACT_BROKEN = 2  # the exit status with which a package refuses a job it cannot read


def result_of(ended: Exit, result: Path) -> Result:
    """Read the result a process left, or say what became of the process instead."""
    if ended.timed_out:
        return Result(outcome="timeout", reason=f"no end after {ended.seconds:.0f} s")
    if ended.code == CONTRACT_BROKEN:
        raise RetableError(f"a job file was refused: {ended.last_lines}")
    if ended.code == 0 and result.is_file():
        return Result.model_validate(read_json(result))
    last_line = ended.last_lines.splitlines()[-1] if ended.last_lines else "nothing in its log"
    how = ended.signal_name or f"exit status {ended.code}"
    if ended.out_of_memory or any(word in ended.last_lines for word in OUT_OF_MEMORY_WORDS):
        return Result(outcome="out_of_memory", reason=f"{how}: {last_line}")
    return Result(outcome="crashed", reason=f"{how}: {last_line}")
