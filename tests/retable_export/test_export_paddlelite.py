"""What Paddle's exporter makes, through Paddle-Lite's own optimiser: engines for ARM.

Opt-in (`make test-mobile`): Paddle-Lite's packages end at Python 3.10. Where the system has none as
old, a root of an older Debian does: its Python runs where it lies (mmdebstrap --variant=minbase
--include=python3-minimal,libpython3.9,python3-distutils bullseye FOLDER), with that root's
libffi.so.7 in a folder on LD_LIBRARY_PATH.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def paddlelite_python() -> str:
    """An interpreter with Paddle-Lite."""
    named = os.environ.get("RETABLE_PADDLELITE_PYTHON")
    if not named:
        pytest.skip("RETABLE_PADDLELITE_PYTHON names no interpreter with paddlelite")
    return named


@pytest.fixture(scope="module", params=["tinypose-128x96", "picodet-s-192-pedestrian"])
def native(request, chain_in, paddle_python, tmp_path_factory):
    """The native files of a network of the mobile table, from a seed."""
    text = (ROOT / "config" / "models" / f"{request.param}.yaml").read_text()
    found = yaml.safe_load(text)
    folder = tmp_path_factory.mktemp("native")
    result = chain_in(folder, found["exporter"], paddle_python, found["options"]).native()
    assert result.outcome == "ok", result.reason
    return {role: one.model_dump() for role, one in result.artifacts.items()}


def build(python: str, folder: Path, source: dict, precision: str) -> dict:
    job = {
        "schema": "retable/build-job/1",
        "backend": "paddlelite",
        "source": source,
        "precision": precision,
        "options": {},
        "folder": str(folder / precision),
    }
    (folder / "job.json").write_text(json.dumps(job))
    subprocess.run(
        [python, "-m", "retable_runner", folder / "job.json", folder / "result.json"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        check=True,
        timeout=500,
    )
    return json.loads((folder / "result.json").read_text())


@pytest.mark.real
def test_paddle_lite_makes_engines_for_arm(native, paddlelite_python, tmp_path):
    sizes = {}
    for precision in ("fp32", "fp16"):
        result = build(paddlelite_python, tmp_path, native, precision)
        assert result["outcome"] == "ok", result["reason"]
        assert result["versions"]["paddlelite"] == "2.13-rc"
        assert set(result["artifacts"]) == {"engine"}
        content = Path(result["artifacts"]["engine"]["path"]).read_bytes()
        assert content[:2] == b"\x02\x00"  # the format's version
        assert content[2:].startswith(b"v2.13-rc\0")  # and who wrote it
        assert b"conv2d" in content
        sizes[precision] = len(content)
        assert list((tmp_path / precision).iterdir()) == [tmp_path / precision / "engine.nb"]
    assert sizes["fp32"] > 0.9 * native["params"]["bytes"]  # the weights are in it
    assert sizes["fp16"] != sizes["fp32"]


@pytest.mark.real
def test_what_paddle_lite_cannot_read_failed_in_its_own_words(
    paddlelite_python, described_file, tmp_path
):
    (tmp_path / "nothing").write_bytes(b"no program at all")
    one = described_file(tmp_path / "nothing").model_dump()
    result = build(paddlelite_python, tmp_path, {"model": one, "params": one}, "fp32")
    assert result["outcome"] == "build_failed"
    assert result["reason"].startswith("Paddle-Lite: ")
    assert not (tmp_path / "fp32" / "engine.nb").exists()
