"""A program of the user's own, brought to the device: from the device's file to the session."""

import hashlib

from test_workflow_additions import MODEL, PUBLISHED, SUITE

DEVICE = """
device: drawer
title: A device from the drawer
architecture: any
runtime: host
memory: host
backends:
  "null":
    roles: [engine]
    environment: host
    precisions: [fp32]
    program: {path: tools/brought}
"""
RECORD = "results/drawer/programs/null.json"


def test_a_program_of_ones_own_is_launched_with_and_timed_anew_when_it_has_changed(checkout):
    checkout.write("config/devices/drawer.yaml", DEVICE)
    checkout.write("config/models/third.yaml", MODEL)
    checkout.write("config/suites/third.yaml", SUITE)
    checkout.write("data/published/third.csv", PUBLISHED)
    run = checkout.snakemake(device="drawer", suite="third")
    assert run.status != 0
    assert (
        "config/devices/drawer.yaml: backends.null.program.path: tools/brought: no such file"
        in run.output
    )

    for content in ("one", "another"):
        checkout.write("tools/brought", content)
        run = checkout.snakemake(device="drawer", suite="third")
        assert run.status == 0, run.output
        assert {"program drawer/null", "time third/third_16x24"} <= run.jobs
        session = checkout.json("results/drawer/timings/third/third_16x24.json")
        (case,) = session["job"]["cases"]
        assert case["program"] == RECORD
        launched = session["origins"][case["name"]]["engine"]
        assert set(launched) == {"engine", "program"}
        assert launched["program"]["sha256"] == hashlib.sha256(content.encode()).hexdigest()

    run = checkout.snakemake(device="drawer", suite="third")
    assert run.status == 0, run.output
    assert run.jobs == set()
