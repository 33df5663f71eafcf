"""The null device with FP16: graphs made by the step `precision`, held to the framework's FP32."""

import pytest
from checkout import Checkout, engine_checks
from page_tables import footnote, table_below

DEVICE = "config/devices/null.yaml"
PLUGIN = "workflow/retable_export/precisions/fp16.py"
GRAPHS = (
    *(f"tiny/32x64/{tail}" for tail in ("none", "argmax", "fused_argmax")),
    *(f"tiny/64x64/{tail}" for tail in ("none", "argmax")),
    "tiny2/32x64/none",
)
ENGINES = tuple("{}_{}/null.{}".format(*graph.split("/")) for graph in GRAPHS)

# The real converter needs ONNX Runtime, which the interpreter of the tests may lack: a stand-in
# rounds the weights, and leaves the arithmetic as it is.
ROUNDING = '''"""A stand-in: weights rounded to FP16."""

import numpy as np
from onnx import ModelProto, TensorProto, numpy_helper


def apply(model, batches):
    made = ModelProto()
    made.CopyFrom(model)
    for one in made.graph.initializer:
        if one.data_type == TensorProto.FLOAT:
            rounded = numpy_helper.to_array(one).astype(np.float16).astype(np.float32)
            one.CopyFrom(numpy_helper.from_array(rounded, one.name))
    return made, {"stand_in": True}
'''


def give_fp16(checkout: Checkout) -> None:
    def change(device) -> None:
        device["backends"]["null"]["precisions"] = ["fp32", "fp16"]

    checkout.edit_yaml(DEVICE, change)


@pytest.fixture
def halved(finished) -> Checkout:
    """The finished checkout, its null device now capable of FP16."""
    give_fp16(finished)
    return finished


def test_fp16_makes_its_own_graphs_and_nothing_else_again(halved):
    halved.write(PLUGIN, ROUNDING)
    assert halved.tiny().jobs == {
        *(f"precision {graph}/fp16" for graph in GRAPHS),
        *(f"fidelity {graph}/fp16" for graph in GRAPHS),
        *(f"build {graph}/fp16/null" for graph in GRAPHS),
        *engine_checks(*(f"{engine}.fp16" for engine in ENGINES)),
        *(f"{step} tiny/{block}" for step in ("plan", "time")
          for block in ("tiny_32x64", "tiny_64x64", "tiny2_32x64")),
        "compare tiny",
        "report tiny",
        "index null",
    }  # fmt: skip
    page = halved.read("results/null/reports/tiny.md")
    for row in table_below(page, "Mean latency (ms)"):
        assert row["FP16, null"][0].isdigit()
    found = halved.json("results/null/comparisons/tiny.json")["agreements"]
    facts = {(one["model"], one["input"], one["graph"]): one["facts"] for one in found}
    assert 1e-5 < facts["tiny", "32x64", "none/fp16"]["relative"] < 1e-2
    assert facts["tiny", "32x64", "none/fp32"]["relative"] < 1e-6
    assert 0.9 < facts["tiny", "32x64", "argmax/fp16"]["agreement"] <= 1
    record = halved.json("results/models/tiny/32x64/none/fp16.json")
    assert record["subject"] == {"model": "tiny", "input": "32x64", "precision": "fp16"}
    assert record["facts"]["stand_in"]
    built = halved.json("results/null/engines/tiny/32x64/none/fp16/null/engine.json")
    assert built["onnx_sha256"] == record["artifacts"]["onnx"]["sha256"]
    assert built["precision"] == "fp16"

    halved.edit(PLUGIN, lambda text: text.replace("A stand-in", "The stand-in"))
    jobs = halved.tiny().jobs
    assert {job for job in jobs if "fp32" in job} == set()
    assert {f"precision {graph}/fp16" for graph in GRAPHS} <= jobs


def test_fp16_without_its_converter_is_a_reason_and_the_rest_finishes(halved):
    halved.replace(PLUGIN, "onnxruntime.transformers", "onnxruntime_of_elsewhere.transformers")
    halved.tiny()
    page = halved.read("results/null/reports/tiny.md")
    for row in table_below(page, "Mean latency (ms)"):
        assert row["FP32, null"][0].isdigit()
        assert "precision fp16 cannot run in this environment" in footnote(page, row["FP16, null"])


def test_without_its_file_a_precision_is_no_part_of_this_version(halved):
    halved.path(PLUGIN).unlink()
    assert not any("fp16" in job for job in halved.tiny().jobs)
    page = halved.read("results/null/reports/tiny.md")
    for row in table_below(page, "Mean latency (ms)"):
        assert "precision 'fp16' is not part of this version" in footnote(page, row["FP16, null"])
