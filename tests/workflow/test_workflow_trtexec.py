"""A program that times itself, from the graph to the page; a stand-in takes trtexec's place."""

import os
import sys
from pathlib import Path

from page_tables import table_below
from test_workflow_additions import MODEL, PUBLISHED, SUITE

STAND_IN = Path(__file__).parents[1] / "retable_runner" / "trtexec_stand_in.py"
DEVICE = """
device: drawer
title: A device from the drawer
architecture: any
runtime: host
memory: device
backends:
  trtexec: {roles: [engine], environment: host, precisions: [fp32, fp16], precision_flags: [fp16]}
"""


def test_a_program_that_times_itself_has_its_value_on_the_page(checkout, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "trtexec"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TRTEXEC_CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("TRTEXEC_VERSION", "8001")
    monkeypatch.setenv("TRTEXEC_INPUT", f"image:{3 * 16 * 24 * 4}")
    checkout.write("config/devices/drawer.yaml", DEVICE)
    checkout.write("config/models/third.yaml", MODEL)
    checkout.write("config/suites/third.yaml", SUITE.replace("latency_sync", "latency_sum"))
    checkout.write("data/published/third.csv", PUBLISHED)

    run = checkout.snakemake(device="drawer", suite="third")

    assert run.status == 0, run.output
    page = checkout.read("results/drawer/reports/third.md")
    (row,) = table_below(page, "The only table")
    for column in ("FP32, trtexec", "FP16, trtexec"):
        assert row[column].startswith("2.50")  # 2.5 ms, and some microseconds
    assert "tensorrt 8.0.1" in page
    session = checkout.json("results/drawer/timings/third/third_16x24.json")
    assert {launch["result"]["facts"]["memory"] for launch in session["launches"]} == {"program"}
    assert all(len(launch["result"]["facts"]["turns"]) == 1 for launch in session["launches"])
