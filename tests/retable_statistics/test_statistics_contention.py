"""Which samples other programs disturbed, on counters made by hand."""

import numpy as np
import pytest

from retable_statistics.contention import cpu_time_is_latency, enough_kept, undisturbed


def kept(times, **counters):
    return undisturbed(np.array(times), **counters).tolist()


def test_without_any_counter_all_are_kept():
    assert kept([1.0, 50.0, 1.0]) == [True, True, True]


@pytest.mark.parametrize(
    ("time", "waited", "undisturbed_"),
    [
        (10.0, 0.0, True),
        (10.0, 0.101, True),  # 1 % and 2 us are the wake-up of a thread
        (10.0, 0.103, False),
        (0.05, 0.002, True),  # of a short sample, 2 us
        (0.05, 0.003, False),
    ],
)
def test_a_sample_that_waited_for_a_cpu_is_disturbed(time, waited, undisturbed_):
    assert kept([time], waited=[waited]) == [undisturbed_]


def test_where_waiting_is_counted_nothing_else_is_asked():
    """Threads that sleep, or give a CPU up and have another at once, are not disturbed."""
    assert kept([10.0], waited=[0.0], cpu=[1.0], preempted=[3]) == [True]


def test_without_waiting_a_preemption_disturbs():
    assert kept([10.0, 10.0], preempted=[0, 1]) == [True, False]


def test_without_waiting_one_threads_wall_time_is_held_against_its_cpu_time():
    assert kept([10.0, 12.0], cpu=[9.9, 10.0]) == [True, False]


def test_several_threads_use_more_cpu_than_time_which_tells_nothing():
    assert kept([10.0, 12.0], cpu=[30.0, 10.0]) == [True, True]


@pytest.mark.parametrize(
    ("mask", "enough"), [([True, False], True), ([True, False, False], False), ([True], True)]
)
def test_half_of_the_samples_stand_for_a_launch_and_fewer_do_not(mask, enough):
    assert enough_kept(np.array(mask)) is enough


@pytest.mark.parametrize(
    ("cpu", "waited", "latency"),
    [
        ([10.0, 10.0], [10.0, 0.0], True),  # computed or waited, all the time
        ([10.0, 10.0], [6.0, 0.0], False),  # slept for 4 of 30 ms: disk, GPU, another thread
        ([10.0, 10.0], [7.5, 0.0], True),  # 2.5 of 30 ms may go into the counting
        ([16.0, 16.0], [0.0, 0.0], False),  # two threads: 32 ms of CPU in 30 ms
    ],
)
def test_cpu_time_is_latency_where_one_thread_computed_or_waited(cpu, waited, latency):
    times = np.array([20.0, 10.0])
    assert cpu_time_is_latency(times, np.array(cpu), np.array(waited)) is latency
