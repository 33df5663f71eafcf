"""A part of a suite: what is not selected is not made, and its cells say so."""

from page_tables import footnote, table_below


def test_an_input_alone_is_timed_and_the_others_say_so(checkout):
    run = checkout.snakemake(device="null", suite="tiny", inputs="32x64")
    assert run.status == 0, run.output
    assert not any("64x64" in job for job in run.jobs)
    page = checkout.read("results/null/reports/tiny.md")
    found = {(row["Model"], row["Input"]): row for row in table_below(page, "Mean latency (ms)")}
    for model in ("tiny", "tiny2"):
        assert found[model, "32x64"]["FP32, null"][0].isdigit()
    reason = "unavailable: not selected (--config inputs=...)"
    assert footnote(page, found["tiny", "64x64"]["FP32, null"]) == reason
