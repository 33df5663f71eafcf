"""Which exception is which outcome, and what of its message a reader sees."""

import pytest

from retable_runner import contract, outcomes
from retable_runner.errors import JobError, Unsupported


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Unsupported("no fp16"), "unsupported"),
        (ImportError("No module named 'openvino'"), "unavailable"),
        (MemoryError(), "out_of_memory"),
        (RuntimeError("Exception: std::bad_alloc"), "out_of_memory"),
        (RuntimeError("Failed to allocate memory for requested buffer of size 9"), "out_of_memory"),
        (RuntimeError("Failed to allocate 1073741824 bytes of memory"), "out_of_memory"),
        (RuntimeError("Failed to allocate a tensor name"), "build_failed"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "out_of_memory"),
        (ValueError("input 'x' takes float32"), "build_failed"),
    ],
)
def test_an_exception_is_an_outcome(error, expected):
    assert outcomes.outcome(error, "build_failed") == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("one line", "one line"),
        ("first\n  the   last one \n\n", "the last one"),
        (
            "Exception from src/inference/src/cpp/core.cpp:132:\n"
            "Exception from src/inference/src/model_reader.cpp:148:\n"
            'Unable to read the model: "m.onnx"\n\n\n',
            'Unable to read the model: "m.onnx"',
        ),
        ("index: 3 Got: 10 Expected: 1024\n Please fix either the inputs/outputs.", "index: 3 Got"),
        ("", "RuntimeError"),
        ("\n---\n", "RuntimeError"),
    ],
)
def test_the_reason_is_the_last_line_that_says_something(message, expected):
    assert outcomes.reason(RuntimeError(message)).startswith(expected)


def test_a_bare_key_is_told_from_a_sentence():
    assert outcomes.reason(KeyError("onnx")) == "KeyError: 'onnx'"


def test_a_long_reason_is_cut():
    assert len(outcomes.reason(RuntimeError("x" * 1000))) == 300


def test_what_was_known_before_the_failure_stays_and_the_traceback_is_printed(capsys):
    def verb(job, result):
        result["versions"]["library"] = job["version"]
        raise RuntimeError("no more")

    result = contract.new_result()
    outcomes.settle(verb, {"version": "1.2"}, result, "crashed")
    assert (result["outcome"], result["reason"]) == ("crashed", "no more")
    assert result["versions"] == {"library": "1.2"}
    assert "Traceback" in capsys.readouterr().err


def test_a_broken_job_is_no_outcome():
    def verb(job, result):
        raise JobError("model.onnx: recorded, but not there")

    with pytest.raises(JobError):
        outcomes.settle(verb, {}, contract.new_result(), "crashed")
