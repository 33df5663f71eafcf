"""Files of the contract: what is read is checked, what is written is whole."""

import json
from pathlib import Path

import pytest

from retable_runner import contract
from retable_runner.errors import JobError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "engine.onnx"
    path.write_bytes(b"engine")
    return path


def test_a_file_that_is_as_described_is_verified(file):
    assert contract.verified(contract.artifact(str(file))) == str(file)


def test_the_description_is_that_of_the_host(file):
    from retable.contract import Artifact

    Artifact.model_validate(contract.artifact(str(file)))


@pytest.mark.parametrize("content", [b"engin", b"enginE"])
def test_a_changed_file_is_refused_by_name(file, content):
    wanted = contract.artifact(str(file))
    file.write_bytes(content)
    with pytest.raises(JobError, match=r"engine\.onnx: "):
        contract.verified(wanted)


def test_a_missing_file_is_refused_by_name(file):
    wanted = contract.artifact(str(file))
    file.unlink()
    with pytest.raises(JobError, match=r"engine\.onnx: recorded, but not there"):
        contract.verified(wanted)


def test_a_failed_write_leaves_the_old_file_and_no_other(file):
    with pytest.raises(ValueError, match="JSON"):
        contract.write_json(str(file), {"latency": float("nan")})
    with pytest.raises(RuntimeError), contract.replacing(str(file)) as temporary:
        Path(temporary).write_text("half")
        raise RuntimeError
    assert [path.name for path in file.parent.iterdir()] == ["engine.onnx"]
    assert file.read_bytes() == b"engine"


def test_an_empty_result_is_one_that_the_host_reads(tmp_path):
    from retable.contract import Result

    contract.write_json(str(tmp_path / "result.json"), contract.new_result())
    Result.model_validate(json.loads((tmp_path / "result.json").read_text()))
