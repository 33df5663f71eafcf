"""What the kernel counts of a process beside its neighbours: real processes on one CPU."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from retable_runner import contention, host_samplers
from retable_statistics.contention import enough_kept, undisturbed

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
SAMPLES = 10
DEADLINE_S = 120
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/schedstat").is_file(), reason="this kernel does not count waiting"
)

# Some milliseconds of computing a sample, beside a neighbour that has the same CPU.
COMPUTE = """
import hashlib, json, os, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
cpu, neighbour, samples, work = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
os.sched_setaffinity(0, {cpu})
from retable_runner import contention, host_samplers
pool = ThreadPoolExecutor(1)
pool.submit(print, end="").result()  # its thread is there
beside = subprocess.Popen([sys.executable, "-c", "print(flush=True)\\n" + neighbour],
                          stdout=subprocess.PIPE)
beside.stdout.readline()
sampler = contention.ContentionSampler(
    host_samplers.HostSampler(lambda: eval(work)), contention.Contention()
)
print(json.dumps([sampler.sample() for _ in range(samples)]))
beside.kill()
"""
HERE = "sum(range(400_000))"
IN_A_THREAD = "pool.submit(hashlib.pbkdf2_hmac, 'sha256', b'', b'', 100_000).result()"
BUSY = "while True: pass"
IDLE = "import time; time.sleep(600)"


def beside(neighbour, cpu, work=HERE):
    """Times and counters of samples, in milliseconds."""
    done = subprocess.run(
        [sys.executable, "-c", COMPUTE, str(cpu), neighbour, str(SAMPLES), work],
        env={**os.environ, "PYTHONPATH": str(WORKFLOW)},
        check=True,
        capture_output=True,
    )
    times, cpu_s, waited, preempted = np.array(json.loads(done.stdout)).T
    counters = {"cpu": cpu_s * 1e3, "waited": waited * 1e3, "preempted": preempted}
    return times * 1e3, counters


@pytest.fixture
def cpus():
    return sorted(os.sched_getaffinity(0))


def test_a_busy_neighbour_disturbs_the_samples(cpus):
    times, counters = beside(BUSY, cpus[0])
    assert not enough_kept(undisturbed(times, **counters))
    assert counters["waited"].sum() > 0
    assert counters["preempted"].sum() > 0


def test_without_the_count_of_waiting_the_others_tell_of_the_neighbour_too(cpus):
    times, counters = beside(BUSY, cpus[0])
    del counters["waited"]
    assert not enough_kept(undisturbed(times, **counters))


def test_an_idle_neighbour_does_not_disturb_the_samples(cpus):
    """On a machine that others use too: as soon as one of its CPUs is left alone."""
    deadline = time.monotonic() + DEADLINE_S
    attempts = 0
    while True:
        times, counters = beside(IDLE, cpus[attempts % len(cpus)])
        if enough_kept(undisturbed(times, **counters)):
            break
        attempts += 1
        assert time.monotonic() < deadline, "disturbed all the time"


def test_computing_is_cpu_time_and_sleeping_is_not():
    counters = contention.Contention()

    def of(work):
        row = contention.ContentionSampler(host_samplers.HostSampler(work), counters).sample()
        return dict(zip(("time", *counters.columns), row, strict=True))

    asleep, computing = of(lambda: time.sleep(0.05)), of(lambda: sum(range(4_000_000)))
    assert asleep["cpu"] < computing["cpu"]
    assert asleep["cpu"] < asleep["time"] / 2


def test_the_time_that_counts_has_no_counting_in_it():
    """The counters are read before and after the inner sample, whose own clock is not theirs."""
    order = []

    class Counters:
        columns = ("reads",)

        def read(self):
            order.append("read")
            return [order.count("read")]

    class Sampler:
        fields = ("latency_sync",)

        def sample(self):
            order.append("sample")
            return (0.5,)

    sampler = contention.ContentionSampler(Sampler(), Counters())
    assert sampler.sample() == (0.5, 1)
    assert order == ["read", "sample", "read"]
    assert (sampler.fields, sampler.counters) == (("latency_sync",), ("reads",))


def test_threads_that_end_do_not_end_the_counting():
    leave = threading.Event()
    thread = threading.Thread(target=leave.wait)
    thread.start()
    counters = contention.Contention()
    before = counters.read()
    leave.set()
    thread.join()
    while Path("/proc/self/task", str(thread.native_id)).exists():
        time.sleep(0.001)  # the interpreter is done with it before the kernel is
    gone = counters.read()
    assert len(before) == len(gone) == len(counters.columns)
    assert gone[counters.columns.index("cpu")] >= before[counters.columns.index("cpu")]


def test_what_a_thread_waits_counts_while_the_one_that_asks_sleeps(cpus):
    times, counters = beside(BUSY, cpus[0], IN_A_THREAD)
    assert not undisturbed(times, **counters).any()
    assert counters["waited"].sum() > counters["cpu"].sum() / 4
