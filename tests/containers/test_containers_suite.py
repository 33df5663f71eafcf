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


def sessions(device: str) -> dict[str, dict]:
    folder = ROOT / "results" / device / "timings" / "fast-scnn"
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def outcomes(made: dict[str, dict]) -> dict[str, dict[str, str]]:
    return {
        block: {name: case["outcome"] for name, case in session["cases"].items()}
        for block, session in made.items()
    }


def models(made: dict[str, dict]) -> dict[str, dict[str, dict[str, str]]]:
    """The hash of what each case's engine was made of."""
    return {
        block: {name: origin["source"] for name, origin in session["origins"].items()}
        for block, session in made.items()
    }


def test_the_suite_ends_as_it_does_without_containers(way):
    config, environment = way
    pairs = [f"{key}={value}" for key, value in {"device": "cpu-docker", **config}.items()]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores=2", "--config", *pairs],
        cwd=ROOT,
        env={**os.environ, **environment, "DOCKER_HOST": ""},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    inside, outside = sessions("cpu-docker"), sessions("cpu")
    assert outcomes(inside) == outcomes(outside)
    assert models(inside) == models(outside)
    assert all(origin["image"] for block in inside.values() for origin in block["origins"].values())
    assert all(
        one["outcome"] == "ok" for block in inside.values() for one in block["cases"].values()
    )
    page = (ROOT / "results" / "cpu-docker" / "reports" / "fast-scnn.md").read_text()
    assert "A CPU, in a container" in page
