"""A copy of the repository in a temporary folder, and what a run of Snakemake does to it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]
TINY = Path(__file__).parent / "tiny"
DEADLINE_S = 120  # of waiting for something that must happen: only a failing test takes it

# The copy's presets end soon: what is timed here sleeps, and no number is asserted.
SHORT_BUDGETS = """
ONE_INFERENCE_S = 6.0
_short = {
    "warmup": Warmup(min_ms=1, min_iterations=2, slow_ms=4, slow_iterations=1, max_ms=5),
    "turn": Turn(settle_ms=1, settle_max_ms=2, min_ms=2, min_samples=2),
    "measure": Measure(min_ms=5, min_samples=3, max_ms=100, target=None),
    "reply_timeout_s": 6,
}
BUDGETS = {
    name: preset.model_copy(update={**_short, "launches": launches})
    for launches, (name, preset) in enumerate(BUDGETS.items(), start=2)
}
"""

# The tracked output of each rule. A run's jobs are read off the files that are new or replaced:
# every step replaces its output as a whole, and nothing else does.
OUTPUTS = {
    "fetch": r"data/weights/([^/]+)\.json",
    "environment": r"results/environments/([^/]+/[^/]+)\.json",
    "probe": r"results/([^/]+)/environments/([^/]+)\.json",
    "native": r"results/models/([^/]+)/native\.json",
    "sample": r"results/models/([^/]+/[^/]+)/sample\.json",
    "reference": r"results/models/([^/]+/[^/]+)/reference\.json",
    "fidelity": r"results/models/([^/]+/[^/]+)/fidelity/([^/]+/[^/]+)\.json",
    "export": r"results/models/([^/]+/[^/]+)/none/fp32\.json",
    "tail": r"results/models/([^/]+/[^/]+/[^/]+)/fp32\.json",
    "precision": r"results/models/([^/]+/[^/]+/[^/]+)/(fp16|int8)\.json",
    "build": r"results/[^/]+/engines/([^/]+/[^/]+/[^/]+/[^/]+/[^/]+)\.json",
    "program": r"results/([^/]+)/programs/([^/]+)\.json",
    "dataset": r"data/sets/([^/]+/[^/]+)\.json",
    "inputs": r"results/inputs/([^/]+/[^/]+/[^/]+/[^/]+)\.json",
    "predict": r"results/[^/]+/predictions/([^/]+/[^/]+/[^/]+/[^/]+)\.json",
    "score": r"results/[^/]+/scores/([^/]+/[^/]+/[^/]+/[^/]+/[^/]+)\.json",
    "outputs": r"results/[^/]+/outputs/([^/]+/[^/]+)\.json",
    "engine_fidelity": r"results/(?!models)[^/]+/fidelity/([^/]+/[^/]+)\.json",
    "plan": r"results/[^/]+/plans/([^/]+/[^/]+)\.json",
    "time": r"results/[^/]+/timings/([^/]+/[^/]+)\.json",
    "compare": r"results/[^/]+/comparisons/([^/]+)\.json",
    "report": r"results/[^/]+/reports/([^/]+)\.md",
    "index": r"results/([^/]+)/report\.md",
}


def engine_checks(*engines: str) -> set[str]:
    """The jobs that hold each of `engines` ("block/case") to the framework's output."""
    return {f"{rule} {engine}" for rule in ("outputs", "engine_fidelity") for engine in engines}


@dataclass(frozen=True)
class Run:
    """A finished run: its exit status, all that it printed, and the jobs that it did."""

    status: int
    output: str
    jobs: set[str]  # "time tiny/tiny_32x64": the rule, and the wildcards of its output


class Checkout:
    """A copy of the repository at `root`; Snakemake runs in it as in any other checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of_repository(cls, root: Path) -> "Checkout":
        """Copy what the repository tracks, or would, and lay the tiny suite over it."""
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listing.split("\0")):
            if (REPOSITORY / name).is_file() and not name.startswith("tests/"):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, root / name)
        shutil.copytree(TINY, root, dirs_exist_ok=True)
        copied = cls(root)
        copied.edit("workflow/retable/config/budget.py", lambda text: text + SHORT_BUDGETS)
        return copied

    def copied_to(self, root: Path) -> "Checkout":
        shutil.copytree(self.root, root, symlinks=True)
        return Checkout(root)

    # Files

    def path(self, name: str) -> Path:
        return self.root / name

    def read(self, name: str) -> str:
        return self.path(name).read_text(encoding="utf-8")

    def json(self, name: str) -> Any:
        return json.loads(self.read(name))

    def write(self, name: str, text: str) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, encoding="utf-8")

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        before = self.read(name)
        after = change(before)
        assert after != before, f"the edit of {name} changes nothing"
        self.write(name, after)

    def replace(self, name: str, old: str, new: str) -> None:
        self.edit(name, lambda text: text.replace(old, new))

    def edit_yaml(self, name: str, change: Callable[[Any], None]) -> None:
        value = yaml.safe_load(self.read(name))
        change(value)
        self.write(name, yaml.safe_dump(value, sort_keys=False))

    def files(self) -> dict[str, tuple[int, int]]:
        """Every file under data/ and results/ but logs, with what changes when it is replaced."""
        found = {}
        for folder in ("data", "results"):
            for path in self.path(folder).rglob("*"):
                name = str(path.relative_to(self.root))
                if path.is_file() and not name.startswith("results/logs/"):
                    found[name] = (path.stat().st_ino, path.stat().st_mtime_ns)
        return found

    # Processes

    def command(self, *arguments: str, **config: str) -> list[str]:
        pairs = [f"{key}={value}" for key, value in config.items()]
        options = ["--config", *pairs, "--"] if pairs else []
        first = [word for word in arguments if word.startswith("-")]
        targets = [word for word in arguments if not word.startswith("-")]
        return [sys.executable, "-m", "snakemake", "--cores=2", *first, *options, *targets]

    def start(self, *arguments: str, **config: str) -> subprocess.Popen[str]:
        """Start Snakemake in a process group of its own, as a shell does."""
        return subprocess.Popen(
            self.command(*arguments, **config),
            cwd=self.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def snakemake(self, *arguments: str, **config: str) -> Run:
        """Run Snakemake to its end. `arguments` are options (`--name=value`) and targets."""
        before = self.files()
        process = self.start(*arguments, **config)
        try:
            output, _ = process.communicate(timeout=500)
        finally:
            process.kill()
        changed = {name for name, mark in self.files().items() if before.get(name) != mark}
        return Run(process.returncode, output, {job for name in changed if (job := job_of(name))})

    def tiny(self, *arguments: str, **config: str) -> Run:
        """Run the tiny suite on the null device; it must end well."""
        run = self.snakemake(*arguments, **{"device": "null", "suite": "tiny", **config})
        assert run.status == 0, run.output
        return run

    def pending(self, **config: str) -> set[str]:
        """The jobs that the next run of the tiny suite would do, by Snakemake's own summary."""
        config = {"device": "null", "suite": "tiny", **config}
        run = self.snakemake("--summary", **config)
        assert run.status == 0, run.output
        rows = [line.split("\t") for line in run.output.splitlines() if "\t" in line]
        output, plan = rows[0].index("output_file"), rows[0].index("plan")
        return {
            job_of(row[output]) or row[output] for row in rows[1:] if row[plan] == "update pending"
        }

    def processes(self) -> list[int]:
        """The processes whose working folder is this checkout."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "cwd").readlink() == self.root and _state(entry) != "Z":
                    found.append(int(entry.name))
            except OSError:  # ended meanwhile, or not ours to see
                continue
        return found

    def is_timing(self) -> bool:
        """Whether a session runs now, and in it a launch."""
        commands = [_command(pid) for pid in self.processes()]
        return any(b"retable\0time" in one for one in commands) and any(
            b"retable_runner" in one for one in commands
        )

    def temporary_files(self) -> list[Path]:
        """What runs have left among the temporary files; Snakemake's own are not ours to remove."""
        ours = ("retable-", "tmp")
        return [path for path in self._scratch.iterdir() if path.name.startswith(ours)]

    @property
    def _scratch(self) -> Path:
        return self.root.with_name(self.root.name + ".tmp")

    def _environment(self) -> dict[str, str]:
        # A folder for temporary files of its own: what stays behind shows, and the machine-wide
        # lock of other runs is none of ours.
        self._scratch.mkdir(exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        lock = str(self._scratch / "machine.lock")
        return {**kept, "TMPDIR": str(self._scratch), "RETABLE_MACHINE_LOCK": lock}


def job_of(name: str) -> str | None:
    """The job whose tracked output the file is, such as `tail tiny/32x64/argmax`."""
    for rule, pattern in OUTPUTS.items():
        if found := re.fullmatch(pattern, name):
            return f"{rule} {'/'.join(found.groups())}"
    return None


def wait_for(happened: Callable[[], Any], what: str) -> None:
    """Poll until `happened` is true; it is an error if that takes too long."""
    end = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < end, f"in {DEADLINE_S} s: not {what}"
        time.sleep(0.05)


def _state(process: Path) -> str:
    return (process / "stat").read_text().rpartition(")")[2].split()[0]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # ended meanwhile
        return b""
