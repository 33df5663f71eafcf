"""Fast-SCNN on an emulated ARM64 processor: real qemu, real aarch64 ONNX Runtime, probe to page."""

import pytest
from checkout import SHORT_BUDGETS, Checkout
from page_tables import footnote, table_below

DEVICE = "arm64-emulated"
SUITE = """
suite: small
title: Fast-SCNN at a small input
document: A document
url: https://example.org/small
licence: MIT
tables:
  - table: small
    title: Small inputs
    device_label: Some device
    keys: [Type]
    case:
      model: fast-scnn
      role: engine
      input: 192x192
      field: latency_sync
      statistic: mean
      unit: ms
    rows:
      - plain: {}
        numpy argmax: {post: numpy_argmax}
        fused argmax: {tail: fused_argmax}
    columns: {FP32: {precision: fp32}, FP16: {precision: fp16}}
claims:
  - name: fused-is-faster
    claim: Fused argmax is faster.
    ratio_of: {tail: fused_argmax}
    to: {tail: none, post: numpy_argmax}
    expect: {below: 1}
splits:
  case: {role: engine, input: 192x192}
  models: [fast-scnn]
  precisions: [fp32]
  of:
    - work: A label a pixel
      alternatives:
        - {tail: fused_argmax}
        - {tail: none, post: numpy_argmax, outside: ArgMax}
accuracy:
  - {metric: segmentation, headline: miou, published: cityscapes, embedded: streets}
plots:
  - {title: A plot of times, table: small, column: FP32}
"""
LABELS = ["plain", "numpy argmax", "fused argmax"]
PUBLISHED = [f"small,{label},{column},9.5,9.5," for label in LABELS for column in ("FP32", "FP16")]
RUN = {"device": DEVICE, "suite": "small", "weights": "embedded", "images": "2"}
# An emulated launch takes seconds to load.
PATIENT = SHORT_BUDGETS.replace('"reply_timeout_s": 6', '"reply_timeout_s": 120').replace(
    "ONE_INFERENCE_S = 6.0", "ONE_INFERENCE_S = 120.0"
)
pytestmark = [pytest.mark.emulated, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def emulated(pristine, tmp_path_factory) -> Checkout:
    """The small suite on the emulated device, from nothing to the page."""
    checkout = pristine.copied_to(tmp_path_factory.mktemp("emulated") / "checkout")
    checkout.replace("workflow/retable/config/budget.py", SHORT_BUDGETS, PATIENT)
    checkout.write("config/suites/small.yaml", SUITE)
    header = "table,row,column,text,value,failed"
    checkout.write("data/published/small.csv", "\n".join([header, *PUBLISHED, ""]))
    run = checkout.snakemake(**RUN)
    assert run.status == 0, run.output
    return checkout


@pytest.fixture
def page(emulated) -> str:
    return emulated.read(f"results/{DEVICE}/reports/small.md")


def test_the_device_is_an_arm_processor(emulated):
    facts = emulated.json(f"results/{DEVICE}/environments/arm64.json")["facts"]
    assert facts["machine"]["architecture"] == "aarch64"
    assert "emulated by qemu" in facts["machine"]["cpu"]
    assert facts["backends"]["onnxruntime"]["available"]


def test_every_row_is_timed_and_says_that_it_is_emulation(page):
    rows = table_below(page, "Small inputs")
    assert [row["Type"] for row in rows] == LABELS
    for row in rows:
        value, _, marks = row["FP32, onnxruntime"].partition(" emulated ")
        assert float(value.split()[0]) > 0
        assert footnote(page, f"– {marks.split()[0]}").startswith("emulated: ")
        reason, _, mark = row["FP16, onnxruntime"].partition(" emulated ")
        assert footnote(page, reason).startswith("unsupported: ")
        assert footnote(page, f"– {mark}").startswith("emulated: ")


def test_no_time_is_compared(emulated):
    found = emulated.json(f"results/{DEVICE}/comparisons/small.json")
    answers = [answer for cell in found["tables"][0]["cells"] for answer in cell["answers"]]
    assert [answer["ratio"] for answer in answers] == [None] * len(answers)
    assert [one["verdict"] for one in found["claims"][0]["answers"]] == ["not testable"]
    assert found["splits"] == []
    assert not list(emulated.path(f"results/{DEVICE}/reports").glob("*.png"))


def test_it_computes_what_torch_does_on_this_machine(emulated):
    chains = emulated.json(f"results/{DEVICE}/comparisons/small.json")["chains"]
    facts = {chain["case"]: chain["facts"] for chain in chains}
    assert facts["onnxruntime.none.fp32"]["relative"] <= 1e-4
    assert facts["onnxruntime.fused_argmax.fp32"]["against_definition"] == 1


def test_its_predictions_are_scored(page):
    rows = {row["Case"]: row for row in table_below(page, "Accuracy beside latency")}
    plain, outside = (
        rows[f"onnxruntime.none{post}.fp32"]["miou"] for post in ("", "+numpy_argmax")
    )
    assert 0.1 < float(plain) <= 1
    assert plain == outside


def test_what_it_starts_is_emulated_too(emulated):
    session = emulated.json(f"results/{DEVICE}/timings/small/fast-scnn_192x192.json")
    assert session["telemetry"]["reason"] is None


def test_a_second_run_has_nothing_to_do(emulated):
    assert emulated.snakemake(**RUN).jobs == set()
