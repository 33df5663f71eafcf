"""What does a run cost in which there is nothing to do?

    PYTHONPATH=workflow .venv/bin/python -m benchmarks.reruns [--suite NAME] [--runs N]

A copy of the checkout, in which no model needs its framework, runs a suite on the null device (some
minutes for the first time), and then again with nothing to do; beside it a bare Snakemake workflow
of as many jobs, each of which `touch`es its file, with nothing to do either. By turns, in random
order; CPU time is that of Snakemake and all that it starts.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import yaml

from benchmarks.tables import markdown, ratio_text
from retable_statistics.launches import paired_ratio

ROOT = Path(__file__).resolve().parents[1]
SEED = 20211
RUNS = 7
# In the copy, sessions end at once: it is not they that are timed.
SHORT_BUDGET = """
_quick = BUDGETS["quick"]
BUDGETS["quick"] = _quick.model_copy(
    update={
        "launches": 1,
        "warmup": _quick.warmup.model_copy(update={"min_ms": 1, "min_iterations": 2, "max_ms": 5}),
        "measure": _quick.measure.model_copy(update={"min_ms": 1, "max_ms": 10}),
    }
)
"""
BARE = """
rule all:
    input: expand("made/{{number}}", number=range({others}))

rule make:
    output: "made/{{number}}"
    shell: "touch {{output:q}}"
"""


@dataclass(eq=False)
class Workflow:
    """A folder in which Snakemake runs, and what runs with nothing to do took (seconds)."""

    name: str
    folder: Path
    arguments: Sequence[str]
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def snakemake(self) -> str:
        """Run it; return all that it prints."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment["RETABLE_MACHINE_LOCK"] = str(self.folder / "machine.lock")
        with tempfile.TemporaryFile("w+") as output:
            start = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "snakemake", "--cores=4", *self.arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.wall.append(time.perf_counter() - start)
            self.cpu.append(used.ru_utime + used.ru_stime)
            output.seek(0)
            printed = output.read()
        if process.returncode:
            raise SystemExit(f"{self.name}: Snakemake ended with {process.returncode}\n{printed}")
        return printed

    def prepare(self) -> None:
        """Do everything, and run it once with nothing to do, which does not count."""
        self.snakemake()
        self.rerun()
        self.wall.clear()
        self.cpu.clear()

    def rerun(self) -> None:
        """Run it where there is nothing to do."""
        printed = self.snakemake()
        if "Nothing to be done" not in printed:
            raise SystemExit(f"{self.name}: there was something to do\n{printed}")

    def jobs(self) -> int:
        """Return how many jobs its first run did."""
        (log,) = sorted((self.folder / ".snakemake" / "log").glob("*.log"))[:1]
        found = re.search(r"^total\s+(\d+)$", log.read_text(), re.MULTILINE)
        if not found:
            raise SystemExit(f"{log}: Snakemake tells no number of jobs")
        return int(found[1])


def copied_checkout(folder: Path) -> None:
    """Copy what the repository tracks, or would; there, no model needs its framework."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    for name in filter(None, listing.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for path in (folder / "config" / "models").glob("*.yaml"):
        path.write_text(yaml.safe_dump(without_framework(yaml.safe_load(path.read_text()))))
    with (folder / "workflow" / "retable" / "config" / "budget.py").open("a") as stream:
        stream.write(SHORT_BUDGET)


def without_framework(model: Mapping[str, object]) -> dict[str, object]:
    """Return a model's configuration with the null exporter in place of its own."""
    return {
        "model": model["model"],
        "title": model["title"],
        "framework": "null",
        "exporter": "null",
        "options": {"classes": 19},
        "weights": {"unpublished": "the benchmark needs none"},
    }


def made_workflows(suite: str, folder: Path) -> list[Workflow]:
    """Make both workflows, and run them for the first time."""
    ours = Workflow("retable", folder / "retable", ["--config", "device=null", f"suite={suite}"])
    copied_checkout(ours.folder)
    ours.prepare()
    bare = Workflow("bare", folder / "bare", [])
    bare.folder.mkdir()
    (bare.folder / "Snakefile").write_text(BARE.format(others=ours.jobs() - 1))
    bare.prepare()
    return [ours, bare]


def table(workflows: Sequence[Workflow]) -> str:
    """Lay out the workflows: medians of the runs with nothing to do, and the ratios."""
    ours, bare = workflows
    rows = [
        (one.name, str(one.jobs()), f"{median(one.cpu):.2f}", f"{median(one.wall):.2f}")
        for one in workflows
    ]
    ratios = (paired_ratio(ours.cpu, bare.cpu), paired_ratio(ours.wall, bare.wall))
    rows.append(("retable / bare", "", *map(ratio_text, ratios)))
    return markdown(("Workflow", "Jobs", "CPU (s)", "Wall (s)"), rows)


def main(arguments: list[str]) -> int:
    """Run both by turns, and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.reruns")
    parser.add_argument("--suite", default="fast-scnn")
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args(arguments)
    order = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        workflows = made_workflows(given.suite, Path(folder))
        for _ in range(given.runs):
            for workflow in order.sample(workflows, len(workflows)):
                workflow.rerun()
        print(f"Suite {given.suite}, nothing to do: medians of {given.runs} runs, seed {SEED}\n")
        print(table(workflows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
