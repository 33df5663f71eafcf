"""The Fast-SCNN suite in containers of this checkout's own, beside that of virtual environments.

Run after `make report`, whose models it uses: what it makes stays in results/cpu-docker.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "results" / "cpu" / "report.md"
TIMEOUT_S = 1200

pytestmark = [
    pytest.mark.timeout(2 * TIMEOUT_S),
    pytest.mark.skipif(not REPORT.is_file(), reason="run `make report` before"),
]


@pytest.fixture
def way(daemon_met, base_image, docker_client):
    """The configuration and the environment of a run; nothing of it stays on the daemon."""
    yield {"docker_host": daemon_met.url, "base_image": base_image}, daemon_met.environment
    assert docker_client.containers.list(all=True) == []
    assert docker_client.volumes.list() == []


def sessions(device: str, only: str = "*") -> dict[str, dict]:
    folder = ROOT / "results" / device / "timings" / "fast-scnn"
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob(f"{only}.json"))}


def endings(made: dict[str, dict]) -> dict[str, dict[str, tuple[str, str | None]]]:
    """How each case ended, and why so."""
    return {
        block: {name: (case["outcome"], case["reason"]) for name, case in session["cases"].items()}
        for block, session in made.items()
    }


def models(made: dict[str, dict]) -> dict[str, dict[str, dict[str, str]]]:
    """The hash of what each case's engine was made of."""
    return {
        block: {name: origin["source"] for name, origin in session["origins"].items()}
        for block, session in made.items()
    }


def run(way, *targets: str) -> None:
    config, environment = way
    settings = {"device": "cpu-docker", "images": "4", **config}
    pairs = [f"{key}={value}" for key, value in settings.items()]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores=2", "--config", *pairs, "--", *targets],
        cwd=ROOT,
        env={**os.environ, **environment, "DOCKER_HOST": ""},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def assert_alike(inside: dict[str, dict], outside: dict[str, dict]) -> None:
    assert endings(inside) == endings(outside)
    assert models(inside) == models(outside)
    assert all(origin["image"] for block in inside.values() for origin in block["origins"].values())
    assert all(
        one["outcome"] == "ok" for block in inside.values() for one in block["cases"].values()
    )


@pytest.mark.parametrize("daemon_met", ["daemon"], indirect=True)
def test_the_suite_ends_as_it_does_without_containers(way):
    run(way, "all")
    assert_alike(sessions("cpu-docker"), sessions("cpu"))
    page = (ROOT / "results" / "cpu-docker" / "reports" / "fast-scnn.md").read_text()
    assert "A CPU, in a container" in page
    assert "Scored on 4 pictures" in page


@pytest.mark.parametrize("daemon_met", ["ssh_daemon"], indirect=True)
def test_a_block_and_its_score_over_ssh_are_what_they_are_here(way):
    block, case = "fast-scnn_384x384", "onnxruntime.none.fp32"
    scored = f"results/cpu-docker/scores/fast-scnn/streets/val/{block}/{case}.json"
    run(way, f"results/cpu-docker/timings/fast-scnn/{block}.json", scored)
    assert_alike(sessions("cpu-docker", block), sessions("cpu", block))
    assert json.loads((ROOT / scored).read_text())["facts"]["images"] == 4
