"""Nothing is left of the ground, however the tests end that stand on it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ground.keeper import STOP_TIMEOUT_S

CASE = Path(__file__).with_name("case_running_container.py")


def processes_of(folder):
    """The processes that have to do with a folder: by their command or their control group."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            said = (process / "cmdline").read_text() + (process / "cgroup").read_text()
            if folder.name in said:
                found.append(int(process.name))
    return found


def traces_of(folder):
    """All that there is of a folder's program on this machine, in words."""
    traces = [f"process {pid}" for pid in processes_of(folder)]
    # Control groups come and go meanwhile, which `walk` passes over.
    groups = map(Path, (parent for parent, _, _ in os.walk("/sys/fs/cgroup")))
    traces += [str(group) for group in groups if group.name == folder.name]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    traces += [line for line in mounts if folder.name in line]
    return traces + [str(folder)] * folder.exists()


def machine():
    """What a daemon or an sshd could have left outside of its folder."""
    places = [Path("/run", name) for name in ("docker", "docker.sock", "containerd", "sshd")]
    interfaces = [path.name for path in Path("/sys/class/net").iterdir()]
    return [path.exists() for path in places], files_in("/etc/docker"), sorted(interfaces)


def files_in(folder):
    return sorted(Path(folder).iterdir()) if Path(folder).is_dir() else []


def finish(tests, daemon):
    tests.stdin.close()


def interrupt(tests, daemon):
    tests.send_signal(signal.SIGINT)


def kill(tests, daemon):
    tests.kill()


def kill_the_daemon(tests, daemon):
    os.kill(int((daemon / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("end", "status"),
    [(finish, 0), (interrupt, 2), (kill, -signal.SIGKILL), (kill_the_daemon, None)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_nothing_is_left(docker_client, end, status):
    before = machine()
    environment = {k: v for k, v in os.environ.items() if k != "RETABLE_CONTAINERS_IMAGES"}
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", str(CASE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as tests:
        said = iter(tests.stdout.readline, "")
        line = next(line for line in said if "runs /" in line)
        folders = [Path(word) for word in line.split()[1:]]
        # A keeper, dockerd, containerd, the container and its shim; a keeper and sshd.
        assert [len(processes_of(folder)) for folder in folders] == [5, 2]
        assert any("cgroup" in trace for trace in traces_of(folders[0]))
        end(tests, folders[0])
        deadline = time.monotonic() + 3 * STOP_TIMEOUT_S
        ended = folders if status is not None else folders[:1]
        while any(map(traces_of, ended)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [traces_of(folder) for folder in ended] == [[] for _ in ended]
        if status is None:
            tests.kill()
        assert tests.wait(60) == (status if status is not None else -signal.SIGKILL)
    assert machine() == before
