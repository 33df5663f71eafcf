"""Engines: built ahead of time on this machine, and built again where they are damaged."""

import os

import pytest
import yaml
from checkout import Checkout
from test_workflow_real import HEADER

TAILS = ("none", "argmax", "fused_argmax", "reducemax", "fused_reducemax")
SUITE = {
    "suite": "small",
    "title": "Fast-SCNN at a small input",
    "document": "A document",
    "url": "https://example.org/small",
    "licence": "MIT",
    "tables": [
        {
            "table": "small",
            "title": "A small input",
            "device_label": "Some device",
            "keys": ["Tail"],
            "case": {
                "model": "fast-scnn",
                "role": "engine",
                "input": "192x192",
                "field": "latency_sync",
                "statistic": "mean",
                "unit": "ms",
            },
            "rows": [{tail: {"tail": tail} for tail in TAILS}],
            "columns": {"FP32": {"precision": "fp32"}, "FP16": {"precision": "fp16"}},
        }
    ],
}
RUN = {"device": "rtx-3090", "players": "tensorrt_rtx", "suite": "small", "weights": "random"}


@pytest.fixture(scope="module")
def ahead(pristine, tmp_path_factory) -> Checkout:
    """A checkout in which the engines of the small suite were built for a GPU that is not here."""
    if not os.environ.get("RETABLE_TENSORRT_RTX_PYTHON"):
        pytest.skip("RETABLE_TENSORRT_RTX_PYTHON names no interpreter with tensorrt_rtx")
    checkout = pristine.copied_to(tmp_path_factory.mktemp("ahead") / "checkout")
    checkout.write("config/suites/small.yaml", yaml.safe_dump(SUITE))
    rows = [f"small,{tail},{column},9.5,9.5,\n" for tail in TAILS for column in ("FP32", "FP16")]
    checkout.write("data/published/small.csv", HEADER + "".join(rows))
    run = checkout.snakemake("engines", **RUN)
    assert run.status == 0, run.output
    return checkout


@pytest.mark.real
@pytest.mark.timeout(900)
def test_all_tails_are_built_for_a_gpu_that_is_not_here(ahead):
    for tail in TAILS:
        for precision, heavy in (("fp32", "FLOAT"), ("fp16", "HALF")):
            name = f"results/rtx-3090/engines/fast-scnn/192x192/{tail}/{precision}/tensorrt_rtx"
            record = ahead.json(f"{name}.json")
            assert record["outcome"] == "ok", record["reason"]
            facts = record["facts"]["engine"]
            assert facts["compute_capability"] == "8.6"
            assert set(facts["network"]["heavy_types"]) == {heavy}
            assert ahead.path(f"{name}/engine.plan").stat().st_size > 1_000_000


@pytest.mark.real
def test_the_device_itself_is_not_asked(ahead):
    assert not ahead.path("results/rtx-3090/environments").exists()
    probed = ahead.json("results/host/environments/tensorrt-rtx.json")
    assert probed["facts"]["backends"]["tensorrt-rtx"]["available"] is True
    assert ahead.snakemake("engines", **RUN).jobs == set()


@pytest.mark.real
def test_to_time_them_the_device_is_asked_before_any_work(ahead):
    run = ahead.snakemake(**RUN, docker_host="unix:///nowhere/docker.sock")
    assert run.status == 1
    assert "retable: config/devices/rtx-3090.yaml: Docker" in run.output
    assert run.jobs == set()


@pytest.mark.real
def test_another_target_is_another_engine(ahead):
    name = "results/rtx-4090/engines/fast-scnn/192x192/none/fp32/tensorrt_rtx"
    run = ahead.snakemake(f"{name}.json", **{**RUN, "device": "rtx-4090"})
    assert run.jobs == {"build fast-scnn/192x192/none/fp32/tensorrt_rtx"}
    ours, theirs = (
        ahead.json(f"{each}.json")["facts"]["identity"]
        for each in (name, name.replace("4090", "3090"))
    )
    assert ours != theirs


@pytest.mark.real
def test_what_the_parser_rejects_is_a_build_that_failed(ahead, tmp_path):
    checkout = ahead.copied_to(tmp_path / "checkout")
    odd = """
    node = model.graph.node[-1]
    node.op_type, node.domain, node.name = "Odd", "odd", "last"
    model.opset_import.add(domain="odd", version=1)
    path = """
    checkout.replace("workflow/retable_export/tail.py", "\n    path = ", odd)
    record = "results/rtx-3090/engines/fast-scnn/192x192/argmax/fp32/tensorrt_rtx.json"
    run = checkout.snakemake(record, **RUN)
    assert run.status == 0, run.output
    ended = checkout.json(record)
    assert ended["outcome"] == "build_failed"
    assert "'last' (Odd): " in ended["reason"]
    assert "Plugin not found" in ended["reason"]


def test_a_truncated_engine_is_built_again_before_it_is_timed(finished):
    engine = finished.path("results/null/engines/tiny/32x64/fused_argmax/fp32/null/engine.json")
    whole = engine.read_bytes()
    engine.write_bytes(whole[:20])
    run = finished.tiny(budget="standard")
    assert {job for job in run.jobs if job.startswith("build ")} == {
        "build tiny/32x64/fused_argmax/fp32/null"
    }
    assert "time tiny/tiny_32x64" in run.jobs
    assert engine.read_bytes() == whole


def test_no_device_is_called_as_this_machines_folder(checkout):
    text = checkout.read("config/devices/null.yaml").replace('"null"', "host", 1)
    checkout.write("config/devices/host.yaml", text)
    run = checkout.snakemake("-n", device="host", suite="tiny")
    assert run.status == 1
    assert "no device can be called host" in run.output
