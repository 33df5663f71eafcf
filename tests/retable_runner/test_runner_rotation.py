"""The CPUs on which turns are taken: which ones, and that all of a process goes there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from retable_runner import launch, rotation

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
ALLOWED = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
MOVES = pytest.mark.skipif(len(ALLOWED) < 2, reason="there are no two CPUs to move between")


@pytest.fixture
def described(tmp_path):
    """Write what a kernel says of CPUs: path below a CPU's folder -> what it says, by CPU."""

    def write(files):
        for name, texts in files.items():
            for cpu, text in enumerate(texts):
                path = tmp_path / rotation.CPU.format(cpu) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{text}\n")
        return tmp_path

    return write


def test_cpus_of_which_nothing_is_said_are_alike(tmp_path):
    assert rotation.alike([1, 2, 5], tmp_path) == [1, 2, 5]


@pytest.mark.parametrize(
    ("files", "alike"),
    [
        ({"cpu_capacity": [446, 446, 1024, 1024]}, [2, 3]),
        ({"cpufreq/cpuinfo_max_freq": [5200000, 5200000, 3900000, 3900000]}, [0, 1]),
        ({"cpu_capacity": [1024] * 4, "cpufreq/cpuinfo_max_freq": [2, 3, 3, 2]}, [1, 2]),
        ({"cache/index3/shared_cpu_list": ["0-1", "0-1", "2-3", "2-3"]}, [0, 1]),
        # The last cache, by number.
        (
            {
                "cache/index2/shared_cpu_list": ["0", "1", "2", "3"],
                "cache/index10/shared_cpu_list": ["0,2", "1,3", "0,2", "1,3"],
            },
            [0, 2],
        ),
        # The fastest first, then those near the first of these.
        (
            {
                "cpu_capacity": [446, 1024, 1024, 1024],
                "cache/index2/shared_cpu_list": ["0-1", "0-1", "2-3", "2-3"],
            },
            [1],
        ),
    ],
)
def test_turns_are_taken_on_the_fastest_cpus_of_one_cache(described, files, alike):
    assert rotation.alike([0, 1, 2, 3], described(files)) == alike


def test_only_cpus_that_the_process_may_use_are_looked_at(described):
    root = described({"cpu_capacity": [1024, 1024, 446, 446]})
    assert rotation.alike([1, 2, 3], root) == [1]


TURNS = 5  # of a launch of the null backend
MOVING = """
import os, threading
from retable_runner import rotation
ended = threading.Event()
thread = threading.Thread(target=ended.wait)
thread.start()
rotating = rotation.Rotation({cpus})
for _ in range({moves}):
    moved = rotating.move()
    threads = map(int, os.listdir("/proc/self/task"))
    print(moved, *{{tuple(sorted(os.sched_getaffinity(thread))) for thread in threads}})
ended.set()
"""


def said(program):
    """The lines that a program prints, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(WORKFLOW)}
    command = [sys.executable, "-c", program]
    return subprocess.check_output(command, env=environment, text=True).splitlines()


@MOVES
def test_all_threads_are_moved_to_one_cpu_after_the_other():
    one, another = ALLOWED[:2]
    assert said(MOVING.format(cpus=[one, another], moves=3)) == [
        f"{one} ({one},)",
        f"{another} ({another},)",
        f"{one} ({one},)",
    ]


def test_with_no_cpus_nothing_is_moved():
    assert said(MOVING.format(cpus=[], moves=1)) == [f"None {tuple(ALLOWED)}"]


def test_a_process_is_kept_to_what_it_may_use():
    program = "from retable_runner import rotation; print(rotation.keep_to({}))"
    assert said(program.format(ALLOWED[:1])) == [str(ALLOWED[:1])]
    assert said(program.format([1 << 15])) == ["[]"]  # the kernel refuses: there are not so many


def turns(runner, engine, sample, program="retable_runner", **options):
    """The CPUs that a launch of the null backend tells, turn by turn."""
    job = runner.launch_job("null", engine, sample, **options)
    job["turn"] = {"settle_ms": 0.0, "settle_max_ms": 0.0, "min_ms": 0.0, "min_samples": 2}
    job["measure"] = {"min_ms": 0.0, "min_samples": 2 * TURNS, "max_ms": 1e9, "target": None}
    command = [program if part == "retable_runner" else part for part in runner.command(job)]
    subprocess.run(command, env=runner.environment, cwd=WORKFLOW.parent, check=True)
    result = json.loads(runner.result_path.read_text())
    return [turn["cpu"] for turn in result["facts"]["turns"]]


@MOVES
def test_launches_of_one_thread_take_the_same_turn_on_the_same_cpu(runner, null_engine, sample):
    cpus = rotation.alike(ALLOWED)
    first, second = (
        turns(runner, null_engine, sample, latency_ms=1.0, threads=1) for _ in range(2)
    )
    assert first == second == [cpus[index % len(cpus)] for index in range(TURNS)]


@MOVES
def test_an_engine_of_more_threads_stays_where_the_kernel_has_it(runner, null_engine, sample):
    assert set(turns(runner, null_engine, sample, latency_ms=1.0, threads=2)) == {None}


def test_where_turns_move_they_settle_for_the_least_time_alone():
    turn = {"settle_ms": 3, "settle_max_ms": 60}
    assert launch.settling_ms(turn, ALLOWED) == (3, 3)
    assert launch.settling_ms(turn, []) == (3, 60)


def test_what_rotation_is_held_against_stays_where_the_kernel_has_it(runner, null_engine, sample):
    told = turns(runner, null_engine, sample, "benchmarks.staying", latency_ms=1.0, threads=1)
    assert told == [None] * TURNS
