"""The shipped suites: every one plans, and one that nothing here can run still gives a page."""

import pytest
from checkout import REPOSITORY
from page_tables import footnote, table_below

SUITES = sorted(path.stem for path in REPOSITORY.glob("config/suites/*.yaml"))


def test_six_documents_are_shipped():
    assert len(SUITES) == 6


@pytest.mark.parametrize("suite", [*SUITES, "all"])
def test_every_suite_plans_on_this_machine(checkout, suite):
    before = checkout.files()
    run = checkout.snakemake("--dry-run", device="cpu", suite=suite)
    assert run.status == 0, run.output
    assert checkout.files() == before


def test_a_suite_that_cannot_run_here_has_a_reason_in_every_cell(checkout):
    checkout.path("workflow/retable_export/exporters/paddleseg.py").unlink()
    run = checkout.snakemake(device="null", suite="paddleseg")
    assert run.status == 0, run.output
    assert run.jobs == {"compare paddleseg", "report paddleseg", "index null"}
    page = checkout.read("results/null/reports/paddleseg.md")
    rows = table_below(page, "Inference with GPU Benchmark")
    assert len(rows) == 32
    for row in rows:
        for column in ("mIoU", "time(s/img)"):
            if row[f"{column}, published"]:
                assert footnote(page, row[f"{column}, null"])
