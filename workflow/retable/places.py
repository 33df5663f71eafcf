"""Where a job runs: a place is an entered environment that takes jobs and gives results."""

import json
import os
import tempfile
from pathlib import Path

from retable.contract import Message, Result
from retable.outcomes import result_of
from retable.processes import run

PACKAGES = Path(__file__).resolve().parent.parent  # the folder that holds all three packages


class LocalPlace:
    """An interpreter of this machine. Paths in jobs are relative to the working folder.

    Its packages are its own: PYTHONPATH and the user's site are kept out, unless it
    `inherits_path`.
    """

    def __init__(self, python: Path, inherits_path: bool = False) -> None:
        self._python = python
        self._inherits_path = inherits_path

    def run(
        self,
        package: str,
        job: Message,
        *,
        log: Path,
        timeout_s: float,
        memory_limit_bytes: int | None = None,
    ) -> Result:
        """Run one job of `retable_export` or `retable_runner` in a process of its own."""
        with tempfile.TemporaryDirectory(prefix="retable-") as folder:
            job_path, result_path = Path(folder, "job.json"), Path(folder, "result.json")
            job_path.write_text(json.dumps(job.model_dump(by_alias=True)), encoding="utf-8")
            ended = run(
                [str(self._python), "-m", package, str(job_path), str(result_path)],
                log=log,
                timeout_s=timeout_s,
                environment=self._surroundings(),
                memory_limit_bytes=memory_limit_bytes,
            )
            return result_of(ended, result_path)

    def _surroundings(self) -> dict[str, str]:
        """Variables that keep a run repeatable and its Python to itself."""
        inherited = os.environ.get("PYTHONPATH") if self._inherits_path else None
        path = os.pathsep.join(filter(None, [str(PACKAGES), inherited]))
        isolated = {} if self._inherits_path else {"PYTHONNOUSERSITE": "1"}
        return {"PYTHONPATH": path, "PYTHONHASHSEED": "0", **isolated}
