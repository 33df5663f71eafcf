"""A run that ends in its middle leaves no process behind, and the next one goes on from there."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator

from checkout import Checkout, wait_for

DEVICE = "config/devices/null.yaml"
TIMED = ("build", "outputs", "engine_fidelity", "plan", "time")
TIMINGS = "results/null/timings/tiny"


@contextlib.contextmanager
def timing(checkout: Checkout) -> Iterator[subprocess.Popen[str]]:
    """A run in the middle of its first session, where a launch hangs; mended afterwards.

    The backend was given an option, so that all engines are built and all blocks timed anew.
    """
    shipped = checkout.read(DEVICE)
    checkout.edit_yaml(
        DEVICE, lambda device: device["backends"]["null"].update(options={"fail": "hang"})
    )
    process = checkout.start(device="null", suite="tiny")
    try:
        wait_for(checkout.is_timing, "a launch of the first session")
        yield process
    finally:
        for started in {process.pid, *checkout.processes()}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(started, signal.SIGKILL)
        process.wait()
    checkout.write(DEVICE, shipped)


def assert_nothing_is_left(checkout: Checkout) -> None:
    wait_for(lambda: not checkout.processes(), "the end of all its processes")
    assert checkout.temporary_files() == []
    sessions = sorted(path.name for path in checkout.path(TIMINGS).iterdir())
    assert len(sessions) == 2  # the one that was interrupted left no file, nor a part of one
    for name in sessions:
        assert checkout.json(f"{TIMINGS}/{name}")["launches"]


def assert_it_goes_on(checkout: Checkout) -> None:
    jobs = checkout.tiny().jobs
    assert {job.partition(" ")[0] for job in jobs} <= {*TIMED, "compare", "report", "index"}
    assert {"time tiny/tiny_32x64", "index null"} <= jobs


def test_a_killed_run_leaves_no_process_and_the_next_one_goes_on(finished):
    with timing(finished) as process:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert_nothing_is_left(finished)
    locked = finished.snakemake(device="null", suite="tiny")
    assert locked.status != 0
    assert "--unlock" in locked.output
    assert finished.snakemake("--unlock", device="null", suite="tiny").status == 0
    assert_it_goes_on(finished)


def test_ctrl_c_leaves_no_process_and_the_next_run_goes_on(finished):
    with timing(finished) as process:
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in output
        assert_nothing_is_left(finished)
    assert_it_goes_on(finished)
