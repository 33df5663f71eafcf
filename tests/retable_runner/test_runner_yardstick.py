"""The yardstick: what it calculates, with how many threads, and what it tells of the time."""

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from retable_runner import yardstick


def test_it_calculates_the_products_of_all_pairs_of_rows():
    made = yardstick.Yardstick()
    products = made.multiply()
    expected = made._left.astype(np.float64) @ made._right.astype(np.float64).T
    assert products.dtype == np.float32
    np.testing.assert_allclose(products, expected, atol=1e-3)


def test_all_processes_calculate_the_same():
    first, second = (yardstick.Yardstick().multiply() for _ in range(2))
    assert first is not second
    np.testing.assert_array_equal(first, second)


# The threads of a process but its first one: how often each was on a CPU, before and after. BLAS
# has just started its own: they are waited for to fall asleep.
TURNS_OF_OTHERS = """
import os, pathlib, time
from retable_runner import yardstick

tasks = pathlib.Path("/proc/self/task")

def of_others(name):
    others = sorted(set(os.listdir(str(tasks))) - {str(os.getpid())})
    return [(tasks / one / name).read_text().rpartition(")")[2].split() for one in others]

made = yardstick.Yardstick()
while any(fields[0] != "S" for fields in of_others("stat")):
    time.sleep(0.01)
before = of_others("schedstat")
for _ in range(50):
    made.multiply()
print([fields[2] for fields in before] == [fields[2] for fields in of_others("schedstat")])
"""


@pytest.mark.skipif(not Path("/proc/self/schedstat").is_file(), reason="the kernel's to tell")
def test_no_other_thread_of_the_process_calculates(runner):
    """A matrix product of this size by BLAS wakes its threads, which run on for a while."""
    done = subprocess.run(
        [runner.python, "-c", TURNS_OF_OTHERS],
        env=runner.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == "True\n"


class Steps:
    """Clocks that advance by these milliseconds in one calculation after the other."""

    def __init__(self, monkeypatch, cpu_ms, wall_ms):
        self.cpu_s = self.wall_s = 0.0
        self.steps = iter(zip(cpu_ms, wall_ms, strict=True))
        monkeypatch.setattr(time, "clock_gettime", lambda _: self.cpu_s)
        monkeypatch.setattr(time, "perf_counter", lambda: self.wall_s)

    def multiply(self):
        cpu_ms, wall_ms = next(self.steps)
        self.cpu_s += cpu_ms / 1e3
        self.wall_s += wall_ms / 1e3


@pytest.fixture
def steps(monkeypatch):
    """A yardstick whose calculations take what is told, the first of them with cold caches."""
    made = yardstick.Yardstick()
    made.multiply = Steps(
        monkeypatch, [9.0, 0.3, 0.2, 0.25, 0.3], [20.0, 0.4, 8.0, 0.5, 0.4]
    ).multiply
    return made


def test_a_pace_is_the_median_of_a_few_calculations(steps):
    assert steps.pace() == {"cpu_ms": pytest.approx(0.3), "ms": pytest.approx(0.5)}


def test_without_a_clock_of_a_thread_there_is_no_cpu_time(steps, monkeypatch):
    monkeypatch.setattr(yardstick, "THREAD_CLOCK", None)
    assert steps.pace() == {"cpu_ms": None, "ms": pytest.approx(0.5)}
