"""Does a launch of retable find the latency that OpenVINO's own benchmark_app finds?

On the CPU, FP32, three chains of convolutions (`graphs`), by processes that take turns and give
OpenVINO the same hints. `benchmark_app -api sync` compiles the graph (it refuses engines that are
built, by a slip of its own in 2026.4) and takes the request's own time of each inference; a process
of ours loads retable's engine and takes latency_sync, as a launch does, of as many inferences. Both
make one inference before those, and give the median.

    PYTHONPATH=workflow results/environments/venv/cpu/bin/python -m benchmarks.benchmark_app \
      [--threads N] [--rounds N]

The medians of processes differ by more than the limits of `overhead`: these are exceeded, and the
exit status is 1, where all of the interval of the ratio or of the difference lies above.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from benchmarks import graphs, natives, overhead
from benchmarks.tables import markdown
from retable_runner import backends, measure
from retable_statistics.launches import Estimate, median_of_launches, paired_ratio

MODELS = ("conv16x32x4", "conv32x64x8", "conv32x192x8")
ROUNDS = 9
PROCESS_S = 0.7  # of inferences in each
AT_LEAST = 10  # inferences
SEED = 20211
APP = Path(sys.executable).with_name("benchmark_app")
UNIT_S = {"us": 1e-6, "ms": 1e-3}


@dataclass(eq=False)
class Engine:
    """A model's graph and engine, its configuration, and the medians that were found (seconds)."""

    model: str
    graph: Path
    files: natives.Files
    threads: int
    feeds: natives.Feeds
    config: Path
    count: int = AT_LEAST  # inferences of a process
    found: Mapping[str, list[float]] = field(default_factory=lambda: {"app": [], "retable": []})

    def run(self, which: str) -> float:
        """Start a process; return the median that it finds."""
        return self._run_app() if which == "app" else self._run_retable()

    def added(self) -> Estimate:
        """Return what retable finds above benchmark_app, in seconds."""
        pairs = zip(self.found["retable"], self.found["app"], strict=True)
        return median_of_launches([ours - its for ours, its in pairs])

    def exceeds(self) -> bool:
        """Whether retable finds more, by more than the limit, beyond the noise of processes."""
        return overhead.exceeds(self.added().low, median(self.found["app"]))

    def _run_app(self) -> float:
        model = ("-m", self.graph, "-lfile", "-load_config", self.config)
        command = [sys.executable, APP, "-api", "sync", "-niter", str(self.count), *model]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return median_of_app(done.stdout)

    def _run_retable(self) -> float:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            given = (self.files, self.threads, self.feeds, self.count)
            return process.submit(sampled_median, *given).result()


def sampled_median(files: natives.Files, threads: int, feeds: natives.Feeds, count: int) -> float:
    """Load an engine and sample it; return the median of latency_sync. Runs in its own process."""
    sampled = natives.Sampled("openvino", files, threads, feeds)
    with measure.no_garbage_collection():
        return median([sampled.sample() for _ in range(count)])


def median_of_app(output: str) -> float:
    """Read the median latency, in seconds, that benchmark_app prints: `Median: 123.45 us`."""
    found = re.search(r"Median:\s+([\d.]+) (us|ms)$", output, re.MULTILINE)
    if not found:
        raise SystemExit(f"benchmark_app printed no median:\n{output}")
    return float(found[1]) * UNIT_S[found[2]]


def engines(threads: int, folder: Path) -> list[Engine]:
    """Build the engines; choose how many inferences a process makes of each."""
    backend = backends.load("openvino")
    config = folder / "config.json"
    config.write_text(json.dumps({backend.DEVICE: backend._config("fp32", {"threads": threads})}))
    models = graphs.written(folder)
    made = []
    for model in MODELS:
        files = natives.built("openvino", models[model], threads, folder)
        feeds = natives.feeds_of(models[model])
        engine = Engine(model, models[model], files, threads, feeds, config)
        engine.count = max(AT_LEAST, round(PROCESS_S / engine.run("retable")))
        made.append(engine)
    return made


def take_turns(made: Sequence[Engine], rounds: int) -> None:
    """Run both processes of each engine in every round, in random order."""
    order = random.Random(SEED)
    for _ in range(rounds):
        for engine in order.sample(made, len(made)):
            for which in order.sample(list(engine.found), len(engine.found)):
                engine.found[which].append(engine.run(which))


def table(made: Sequence[Engine]) -> str:
    """Lay out the engines: both medians, and what lies between."""
    header = ("Model", "Inferences", "benchmark_app (ms)", "latency_sync (ms)")
    return markdown((*header, "Added (us)", "Ratio", "Limit"), map(_row, made))


def _row(engine: Engine) -> tuple[str, ...]:
    app, retable = engine.found["app"], engine.found["retable"]
    return (
        engine.model,
        str(engine.count),
        f"{median(app) * 1e3:.3f}",
        f"{median(retable) * 1e3:.3f}",
        overhead.microseconds(engine.added()),
        overhead.ratio_text(paired_ratio(retable, app)),
        overhead.limit_text(median(app)),
    )


def main(arguments: list[str]) -> int:
    """Measure, print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.benchmark_app")
    parser.add_argument("--threads", type=int, default=len(backends.cpus()))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        made = engines(given.threads, Path(folder))
        take_turns(made, given.rounds)
    print(f"OpenVINO, {given.threads} threads; {given.rounds} rounds of processes, seed {SEED}\n")
    print(table(made))
    over = [engine.model for engine in made if engine.exceeds()]
    print(f"\nMore added than may be, beyond the noise: {'; '.join(over) or 'nowhere'}.")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
