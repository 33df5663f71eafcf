"""Failure is data: a case that fails leaves its reason in the page; the others, their numbers."""

import shutil

from failing_suite import add_failing_suite
from page_tables import footnote, table_below

BACKENDS = "workflow/retable_runner/backends"

ROWS = {
    "fine": {},
    **{how: {"options": {"fail": how}} for how in ("crash", "hang", "memory", "exit")},
    "another input": {"input": "64x64"},
    "not a multiple of 8": {"input": "30x64"},
}


def test_every_failure_shows_its_reason_and_stops_nothing_else(checkout):
    add_failing_suite(checkout, ROWS)
    for name in ("broken", "choosy"):
        shutil.copy(checkout.path(f"{BACKENDS}/null.py"), checkout.path(f"{BACKENDS}/{name}.py"))
    checkout.edit_yaml("config/devices/null.yaml", add_backends)

    run = checkout.snakemake(device="null", suite="failing")

    assert run.status == 0, run.output
    page = checkout.read("results/null/reports/failing.md")
    found = {row["Case"]: row for row in table_below(page, "How it fails")}
    for label in ("fine", "another input"):
        assert found[label]["FP32, null"][0].isdigit()
    reasons = {
        "crash": "crashed: SIGABRT: nothing in its log",  # whatever its neighbours wrote meanwhile
        "hang": "timeout: no end after ",
        "memory": "out_of_memory: ",
        "exit": "crashed: exit status 3: nothing in its log",
        "not a multiple of 8": "exporter null needs multiples of 8",
    }
    for label, reason in reasons.items():
        cell = found[label]["FP32, null"]
        assert cell.startswith("–")
        assert reason in footnote(page, cell)
    assert launched_rounds(checkout) == {
        **{f"null.none.fp32.fail={how}": {0} for how in ("crash", "hang", "memory", "exit")},
        "null.none.fp32": {0, 1},
    }
    for label in ("fine", "crash", "another input"):
        broken, choosy = found[label]["FP32, broken"], found[label]["FP32, choosy"]
        asked = "the null backend was asked"
        assert footnote(page, broken) == f"build_failed: build: {asked} to fail while building"
        assert footnote(page, choosy) == f"unsupported: build: {asked} not to support this"
    assert checkout.snakemake(device="null", suite="failing").jobs == set()


def launched_rounds(checkout):
    """In which rounds the cases of the first block were launched: one that fails, only in one."""
    found = {}
    for launch in checkout.json("results/null/timings/failing/tiny_32x64.json")["launches"]:
        found.setdefault(launch["entry"]["case"], set()).add(launch["entry"]["round"])
    return found


def add_backends(device):
    null = device["backends"]["null"]
    device["memory_limit_mib"] = 1000
    device["backends"]["broken"] = {**null, "options": {"fail": "build"}}
    device["backends"]["choosy"] = {**null, "options": {"fail": "unsupported"}}
