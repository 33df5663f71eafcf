"""Fast-SCNN on this machine's CPU, with the real frameworks, from nothing to the page."""

import pytest
from checkout import SHORT_BUDGETS, Checkout
from page_tables import table_below

SUITE = """
suite: small
title: Fast-SCNN at small inputs
document: A document
url: https://example.org/small
licence: MIT
tables:
  - table: small
    title: Small inputs
    device_label: Some device
    keys: [Input, Type]
    case: {model: fast-scnn, role: engine, field: latency_sync, statistic: mean, unit: ms}
    rows:
      - 192x192 | plain: {input: 192x192}
        192x192 | numpy argmax: {input: 192x192, post: numpy_argmax}
        192x192 | argmax: {input: 192x192, tail: argmax}
        192x192 | fused argmax: {input: 192x192, tail: fused_argmax}
        192x384 | plain: {input: 192x384}
        192x384 | fused argmax: {input: 192x384, tail: fused_argmax}
    columns: {FP32: {precision: fp32}, FP16: {precision: fp16}}
"""
LABELS = [
    line.strip().removeprefix("- ").partition(":")[0]
    for line in SUITE.splitlines()
    if "192x" in line
]
HEADER = "table,row,column,text,value,failed\n"
RUN = {"device": "cpu", "suite": "small", "weights": "random"}


@pytest.fixture(scope="module")
def real(pristine, tmp_path_factory) -> Checkout:
    """The small suite, run with the shipped presets in environments made for it."""
    checkout = pristine.copied_to(tmp_path_factory.mktemp("real") / "checkout")
    checkout.replace("workflow/retable/config/budget.py", SHORT_BUDGETS, "")
    checkout.write("config/suites/small.yaml", SUITE)
    rows = [f"small,{label},{column},9.5,9.5,\n" for label in LABELS for column in ("FP32", "FP16")]
    checkout.write("data/published/small.csv", HEADER + "".join(rows))
    run = checkout.snakemake(**RUN)
    assert run.status == 0, run.output
    return checkout


@pytest.mark.real
@pytest.mark.timeout(900)
def test_fast_scnn_gives_a_number_from_both_backends(real):
    rows = table_below(real.read("results/cpu/reports/small.md"), "Small inputs")
    assert [f"{row['Input']} | {row['Type']}" for row in rows] == LABELS
    for row in rows:
        for backend in ("openvino", "onnxruntime"):
            assert row[f"FP32, {backend}"][0].isdigit()
            assert row[f"FP16, {backend}"].startswith("–")


@pytest.mark.real
def test_fast_scnn_computes_what_torch_does(real):
    agreements = real.json("results/cpu/comparisons/small.json")["agreements"]
    facts = {(one["input"], one["graph"]): one["facts"] for one in agreements}
    assert len(facts) == 5
    for size in ("192x192", "192x384"):
        assert facts[size, "none/fp32"]["relative"] <= 1e-4
        assert facts[size, "fused_argmax/fp32"]["against_definition"] == 1
    assert facts["192x192", "argmax/fp32"]["against_definition"] == 1


@pytest.mark.real
def test_fast_scnn_is_not_run_twice(real):
    assert real.snakemake(**RUN).jobs == set()
