"""Which small calculation keeps pace with an engine, on a machine whose speed changes?

    OPENBLAS_NUM_THREADS=1 PYTHONPATH=workflow results/environments/venv/cpu/bin/python \
      -m benchmarks.yardsticks [--sessions N] [GRAPH.onnx ...]

Graphs, in ONNX Runtime with one thread, on the machine as it is and with a process that computes
without end on each of its cores (one of `graphs`, if none is named). Sessions follow each other; in
each, turns of the engine are given between turns of every calculation, all by the thread's CPU
time. How far do the sessions' values lie apart (standard deviation over median), and how far in
units of each calculation? A calculation that keeps pace leaves little. One is retable's
(`retable_runner.yardstick`); those by BLAS need the variable above, or its threads are timed.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import graphs, natives
from benchmarks.neighbours import neighbours
from benchmarks.tables import markdown
from retable_runner import measure
from retable_runner.yardstick import Yardstick

BACKEND = "onnxruntime"
CHAIN = "conv32x64x8"
SESSIONS = 10
TURNS = 50  # of a session
TURN_S = 0.025
AT_LEAST = 3  # inferences of a turn
TIMES = 5  # that a calculation is made in a turn
SEED = 20211

Call = Callable[[], object]


def calculations() -> dict[str, Call]:
    """The calculations by name, each of some 0.3 ms."""
    chance = np.random.default_rng(SEED)

    def noise(*shape: int) -> np.ndarray:
        return chance.standard_normal(shape, np.float32)

    large, small, row, block = noise(256, 256), noise(64, 64, 64), noise(4096), noise(1 << 19)
    product, products = np.empty_like(large), np.empty_like(small)
    values, copy = np.empty_like(row), np.empty_like(block)
    return {
        "retable's (einsum, 128x128)": Yardstick().multiply,
        "BLAS, 256x256": lambda: np.dot(large, large, out=product),
        "BLAS, 64 of 64x64": lambda: np.matmul(small, small, out=products),
        "tanh": lambda: [np.tanh(row, out=values) for _ in range(180)],
        "exp": lambda: [np.exp(row, out=values) for _ in range(120)],
        "copy, 2 MiB": lambda: np.copyto(copy, block),
    }


def cpu_time(call: Call) -> float:
    """The CPU time of one call in this thread, in seconds."""
    start = time.thread_time()
    call()
    return time.thread_time() - start


def turn_of(engine: Call) -> float:
    """The median CPU time of an inference, over a turn; the first one does not count."""
    engine()
    end = time.perf_counter() + TURN_S
    times: list[float] = []
    while len(times) < AT_LEAST or time.perf_counter() < end:
        times.append(cpu_time(engine))
    return float(np.median(times))


def session(engine: Call, made: dict[str, Call], chance: random.Random) -> dict[str, float]:
    """One session's value in seconds, under "", and in units of each calculation."""
    turns: dict[str, list[float]] = {name: [] for name in ("", *made)}
    for _ in range(TURNS):
        yards = {
            name: float(np.median([cpu_time(made[name]) for _ in range(TIMES)]))
            for name in chance.sample(list(made), len(made))
        }
        value = turn_of(engine)
        turns[""].append(value)
        for name, yard in yards.items():
            turns[name].append(value / yard)
    return {name: float(np.median(values)) for name, values in turns.items()}


def row_of(name: str, machine: str, sessions: list[dict[str, float]]) -> list[str]:
    """How far the sessions lie apart: their values, and what they are in each unit."""
    values = 1e3 * np.array([one[""] for one in sessions])
    spreads = [
        float(np.std(column) / np.median(column))
        for column in (np.array([one[unit] for one in sessions]) for unit in sessions[0])
    ]
    found = f"{values.min():.3f} to {values.max():.3f}"
    return [name, machine, found, *(f"{100 * spread:.2f} %" for spread in spreads)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("graphs", metavar="GRAPH.onnx", type=Path, nargs="*")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    given = parser.parse_args()
    made, chance, rows = calculations(), random.Random(SEED), []
    with tempfile.TemporaryDirectory() as folder, measure.no_garbage_collection():
        for path in given.graphs or [graphs.written(Path(folder))[CHAIN]]:
            files = natives.built(BACKEND, path, 1, Path(folder))
            engine = natives.Sampled(BACKEND, files, 1, natives.feeds_of(path)).bare
            for busy in (False, True):
                with neighbours(busy):
                    session(engine, made, chance)  # warm, and the neighbours at work
                    found = [session(engine, made, chance) for _ in range(given.sessions)]
                machine = "a busy neighbour on each core" if busy else "as it is"
                rows.append(row_of(path.stem, machine, found))
    header = [
        "Engine",
        "Machine",
        "Values (ms)",
        "Spread",
        *(f"in units of {name}" for name in made),
    ]
    print(markdown(header, rows))


if __name__ == "__main__":
    main()
