"""The ground itself: a daemon that is there and then is not, images, and what a container does."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def ended(container):
    """Wait for a container's end; return its state, what it said, what it complained of."""
    container.wait(timeout=120)
    container.reload()
    said, complained = (
        container.logs(stdout=stdout, stderr=not stdout).decode() for stdout in (True, False)
    )
    return container.attrs["State"], said, complained


def test_the_base_image_has_a_python_that_can_install_and_programs_that_a_job_needs(
    base_image, started
):
    script = (
        "python3 -m venv /tmp/venv && /tmp/venv/bin/pip --version && python -m pip --version &&"
        " setsid --wait timeout 9 sh -c 'cat /etc/passwd && kill -l' &&"
        " python -c 'import bz2, ctypes, lzma, sqlite3, ssl, zlib'"
    )
    state, _, complained = ended(started(base_image, ["sh", "-c", script]))
    assert state["ExitCode"] == 0, complained


def test_the_environment_cpu_imports_in_a_locked_container(cpu_image, started):
    lock = (ROOT / "containers" / "cpu" / "requirements.lock").read_text()
    pinned = dict(line.split("==") for line in lock.splitlines())
    script = (
        "import os, socket, onnxruntime, openvino\n"
        "print(onnxruntime.__version__, openvino.__version__.split('-')[0])\n"
        "print(os.getuid(), *[name for _, name in socket.if_nameindex()])\n"
        "open('/written', 'w')\n"
    )
    state, said, complained = ended(started(cpu_image, ["python", "-c", script]))
    assert said.splitlines() == [f"{pinned['onnxruntime']} {pinned['openvino']}", "65534 lo"]
    assert complained.endswith("Read-only file system: '/written'\n")
    assert state["ExitCode"] == 1


def test_a_container_over_its_memory_limit_is_killed_and_says_so(base_image, started):
    greedy = "held = []\nwhile True: held.append(bytearray(1 << 20))"
    container = started(base_image, ["python", "-c", greedy], mem_limit="64m", memswap_limit="64m")
    state, _, complained = ended(container)
    assert (state["ExitCode"], state["OOMKilled"]) == (137, True), complained


def test_a_container_that_somebody_killed_is_not_called_out_of_memory(base_image, started):
    container = started(base_image, ["sleep", "600"])
    container.kill()
    state, *_ = ended(container)
    assert (state["ExitCode"], state["OOMKilled"]) == (137, False)
