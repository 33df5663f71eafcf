"""Where ONNX Runtime's nodes went and what they computed in, from what its profiler wrote."""

import json

import pytest

from retable_runner import ort_profile
from retable_runner.errors import Unsupported

PROFILE = json.loads(
    """[
 {"cat": "Session", "name": "model_run", "args": {}},
 {"cat": "Node", "name": "c_kernel_time", "args": {"op_name": "Conv",
  "provider": "CUDAExecutionProvider",
  "input_type_shape": [{"float16": [1, 3, 8, 8]}, {"float16": [4, 3, 1, 1]}]}},
 {"cat": "Node", "name": "m_kernel_time", "args": {"op_name": "MemcpyToHost",
  "provider": "CUDAExecutionProvider", "input_type_shape": [{"float16": [1, 4, 8, 8]}]}},
 {"cat": "Node", "name": "a_kernel_time", "args": {"op_name": "ArgMax",
  "provider": "CPUExecutionProvider", "input_type_shape": [{"float16": [1, 4, 8, 8]}]}}
]"""
)


def test_nodes_of_another_provider_are_told():
    assert ort_profile.placement(PROFILE, "CUDAExecutionProvider") == {
        "nodes": {"CUDAExecutionProvider": 2, "CPUExecutionProvider": 1},
        "elsewhere": ["ArgMax a"],
        "copies": 1,
        "heavy_precisions": {"fp16": 1},
    }
    assert ort_profile.placement(PROFILE, "CPUExecutionProvider")["elsewhere"] == ["Conv c"]


@pytest.mark.parametrize("kind", ["int8", "uint8"])
def test_both_kinds_of_8_bits_are_int8(kind):
    event = {"op_name": "QLinearConv", "provider": "CPU", "input_type_shape": [{kind: [1, 3]}]}
    found = ort_profile.placement([{"cat": "Node", "name": "c", "args": event}], "CPU")
    assert found["heavy_precisions"] == {"int8": 1}


@pytest.mark.parametrize(
    ("found", "precision"),
    [({"fp32": 9}, "fp32"), ({"fp16": 9}, "fp16"), ({"int8": 9, "fp32": 8}, "int8"), ({}, "fp32")],
)
def test_what_was_asked_passes(found, precision):
    ort_profile.check_precision(found, precision)


@pytest.mark.parametrize(
    ("found", "precision", "says"),
    [
        ({"fp32": 1, "fp16": 9}, "fp16", "asked for fp16, .* 9 in fp16, 1 in fp32"),
        ({"fp32": 44, "int8": 1}, "int8", "asked for int8, .* 44 in fp32, 1 in int8"),
        ({"fp32": 2, "int8": 2}, "int8", "2 in fp32, 2 in int8"),
        ({"fp32": 45}, "int8", "asked for int8, .* run here 45 in fp32"),
        ({"int8": 9, "fp32": 1}, "fp32", "9 in int8"),
    ],
)
def test_what_computes_in_another_precision_is_unsupported_in_numbers(found, precision, says):
    with pytest.raises(Unsupported, match=says):
        ort_profile.check_precision(found, precision)
