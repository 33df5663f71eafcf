"""Does retable find the latency that OpenVINO's own benchmark_app finds?

On the CPU, FP32, three chains of convolutions (`graphs`), with the same hints. `benchmark_app -api
sync` compiles the graph (engines that are built it refuses, by a slip of its own in 2026.4) and
takes the request's own time of each inference. This process loads retable's engine and takes
latency_sync, as a launch does. In every round both are loaded anew, and then run by turns: while
one does, the other is stopped, which spoils one inference of benchmark_app. Both give the median.

    PYTHONPATH=workflow results/environments/venv/cpu/bin/python -m benchmarks.benchmark_app \
      [--threads N] [--rounds N]

Exit status 1 if retable finds more by more than the limits of `overhead`, beyond the noise of the
rounds: with the whole interval of the difference.
"""

import argparse
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import graphs, natives, overhead
from benchmarks.tables import markdown, microseconds, ratio_text
from retable_runner import backends, measure
from retable_statistics.launches import Estimate, median_of_launches, paired_ratio

MODELS = ("conv16x32x4", "conv32x64x8", "conv32x192x8")
ROUNDS = 7
TURN_S = 0.1
TURN_INFERENCES = 10  # at least
TURNS = 6  # of each, in a round
SEED = 20211
APP = Path(sys.executable).with_name("benchmark_app")
UNIT_S = {"us": 1e-6, "ms": 1e-3}


@dataclass(eq=False)
class Engine:
    """A model's graph and engine, its configuration, and the medians of rounds (seconds)."""

    model: str
    graph: Path
    files: natives.Files
    threads: int
    feeds: natives.Feeds
    config: Path
    app: list[float] = field(default_factory=list)
    retable: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Load both, and let them run by turns until benchmark_app has made its inferences."""
        sampled = natives.Sampled("openvino", self.files, self.threads, self.feeds)
        turn_s = max(TURN_S, TURN_INFERENCES * median([sampled.sample() for _ in range(5)]))
        latencies: list[float] = []
        with self._started_app(round(TURNS * turn_s / sampled.sample())) as app:
            while _stopped(app):
                latencies += overhead.repeated(sampled.sample, turn_s)
                app.send_signal(signal.SIGCONT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    app.wait(turn_s)
            self.app.append(median_of_app(app.stdout.read()))
        self.retable.append(median(latencies))

    def added(self) -> Estimate:
        """Return what retable finds above benchmark_app, in seconds."""
        pairs = zip(self.retable, self.app, strict=True)
        return median_of_launches([ours - its for ours, its in pairs])

    def exceeds(self) -> bool:
        """Whether retable finds more, by more than the limit, beyond the noise."""
        return overhead.exceeds(self.added().low, median(self.app))

    @contextlib.contextmanager
    def _started_app(self, count: int) -> Iterator[subprocess.Popen[str]]:
        """Start benchmark_app; yield it when it begins to measure. It ends with the block."""
        model = ("-m", self.graph, "-lfile", "-load_config", self.config)
        app = subprocess.Popen(
            [sys.executable, "-u", APP, "-api", "sync", "-niter", str(count), *model],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            for line in app.stdout:
                if line.startswith("[Step 10/11]"):
                    break
            yield app
        finally:
            app.kill()
            app.wait()


def _stopped(app: subprocess.Popen[str]) -> bool:
    """Stop a process; return whether it was still there to be stopped."""
    app.send_signal(signal.SIGSTOP)
    ended_or_stopped = os.WEXITED | os.WSTOPPED | os.WNOWAIT
    return app.returncode is None and (
        os.waitid(os.P_PID, app.pid, ended_or_stopped).si_code == os.CLD_STOPPED
    )


def median_of_app(output: str) -> float:
    """Read the median latency, in seconds, that benchmark_app prints: `Median: 123.45 us`."""
    found = re.search(r"Median:\s+([\d.]+) (us|ms)$", output, re.MULTILINE)
    if not found:
        raise SystemExit(f"benchmark_app printed no median:\n{output}")
    return float(found[1]) * UNIT_S[found[2]]


def engines(threads: int, folder: Path) -> list[Engine]:
    """Build the engines, and write the hints that they are built with."""
    backend = backends.load("openvino")
    config = folder / "config.json"
    config.write_text(json.dumps({backend.DEVICE: backend._config("fp32", {"threads": threads})}))
    written = graphs.written(folder)
    made = []
    for model in MODELS:
        graph = written[model]
        files = natives.built("openvino", graph, threads, folder)
        made.append(Engine(model, graph, files, threads, natives.feeds_of(graph), config))
    return made


def run_all(made: Sequence[Engine], rounds: int) -> None:
    """Run each engine in every round, in random order."""
    order = random.Random(SEED)
    with measure.no_garbage_collection():
        for _ in range(rounds):
            for engine in order.sample(made, len(made)):
                engine.run()


def table(made: Sequence[Engine]) -> str:
    """Lay out the engines: both medians, and what lies between."""
    header = ("Model", "benchmark_app (ms)", "latency_sync (ms)", "Added (us)", "Ratio", "Limit")
    return markdown(header, map(_row, made))


def _row(engine: Engine) -> tuple[str, ...]:
    return (
        engine.model,
        f"{median(engine.app) * 1e3:.3f}",
        f"{median(engine.retable) * 1e3:.3f}",
        microseconds(engine.added()),
        ratio_text(paired_ratio(engine.retable, engine.app)),
        overhead.limit_text(median(engine.app)),
    )


def main(arguments: list[str]) -> int:
    """Measure, print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.benchmark_app")
    parser.add_argument("--threads", type=int, default=len(backends.cpus()))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        made = engines(given.threads, Path(folder))
        run_all(made, given.rounds)
    print(f"OpenVINO, {given.threads} threads; {given.rounds} rounds, seed {SEED}\n")
    print(table(made))
    over = [engine.model for engine in made if engine.exceeds()]
    print(f"\nMore added than may be, beyond the noise: {'; '.join(over) or 'nowhere'}.")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
