"""Snakemake with a device that is entered by Docker: the tiny suite, on a socket and over ssh."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "workflow"))

from checkout import Checkout, wait_for  # noqa: E402
from failing_suite import add_failing_suite  # noqa: E402
from page_tables import footnote, table_below  # noqa: E402

DEVICE = """
device: box
title: A box with Docker
architecture: any
runtime: docker
memory: host
memory_limit_mib: 300
backends:
  "null":
    roles: [engine, native, native-cpu, mobile]
    environment: tiny
    precisions: [fp32]
"""
REASONS = {
    "crash": "crashed: SIGABRT: ",
    "hang": "timeout: no end after ",
    "memory": "out_of_memory: SIGKILL: ",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Checkout:
    """A checkout with a device `box`, whose environment `tiny` has numpy alone."""
    made = Checkout.of_repository(tmp_path_factory.mktemp("pristine") / "checkout")
    made.write("config/devices/box.yaml", DEVICE)
    add_failing_suite(made, {"fine": {}, **{how: {"options": {"fail": how}} for how in REASONS}})
    shutil.copytree(made.path("containers/cpu"), made.path("containers/tiny"))
    made.edit(
        "containers/tiny/requirements.lock",
        lambda lock: "".join(line for line in lock.splitlines(True) if line.startswith("numpy==")),
    )
    made.write("containers/tiny/smoke.py", "import numpy\n")
    return made


@pytest.fixture
def way(daemon_met, daemon, base_image, docker_client, monkeypatch):
    """What a run is told of the daemon, if its environment does not; nothing of it stays there."""
    if daemon_met is daemon:
        monkeypatch.setenv("DOCKER_HOST", daemon.url)
        yield {"base_image": base_image}
    else:
        monkeypatch.setenv("PATH", daemon_met.environment["PATH"])
        yield {"docker_host": daemon_met.url, "base_image": base_image}
    wait_for(lambda: not docker_client.containers.list(all=True), "the end of all containers")
    assert docker_client.volumes.list() == []


def test_every_failure_shows_its_reason_and_stops_nothing_else(checkout, way, tmp_path):
    checkout = checkout.copied_to(tmp_path / "checkout")
    run = checkout.snakemake(device="box", suite="failing", **way)
    assert run.status == 0, run.output
    page = checkout.read("results/box/reports/failing.md")
    found = {row["Case"]: row["FP32, null"] for row in table_below(page, "How it fails")}
    assert found["fine"][0].isdigit()
    for label, reason in REASONS.items():
        assert footnote(page, found[label]).startswith(reason)
    assert checkout.snakemake(device="box", suite="failing", **way).jobs == set()


def test_a_run_that_is_broken_off_leaves_nothing(checkout, way, docker_client, tmp_path):
    checkout = checkout.copied_to(tmp_path / "checkout")
    process = checkout.start(device="box", suite="failing", **way)
    launches = checkout.path("results/logs/time")
    wait_for(lambda: launches.exists() and docker_client.containers.list(), "the session")
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in output
    wait_for(lambda: not checkout.processes(), "the end of all its processes")
    assert checkout.temporary_files() == []


def test_without_a_daemon_nothing_is_begun(checkout, tmp_path):
    checkout = checkout.copied_to(tmp_path / "checkout")
    where = f"unix://{tmp_path}/docker.sock"
    run = checkout.snakemake(device="box", suite="failing", docker_host=where)
    assert run.status != 0
    assert run.jobs == set()
    sentence = f"retable: config/devices/box.yaml: Docker at {where}: "
    assert sentence in run.output
    assert "Traceback" not in run.output
