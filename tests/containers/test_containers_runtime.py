"""The runtime `docker` on a real daemon: what jobs do there, how they end, what stays behind."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from retable.config.device import ContainerSettings, Device
from retable.config.entry import read_entry
from retable.containers import container as containers
from retable.contract import Artifact
from retable.doctor.checks import docker as doctor
from retable.errors import ConnectionLost, RetableError
from retable.jobs.build import BuildJob
from retable.jobs.launch import LaunchJob, Measure, Turn, Warmup
from retable.jobs.probe import ProbeJob
from retable.locks import machine_exclusive
from retable.places import run_job
from retable.runtimes import docker

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60
LIMIT_MIB = 300
WARMUP = Warmup(min_ms=0, min_iterations=1, slow_ms=1e6, slow_iterations=1, max_ms=0)
TURN = Turn(settle_ms=0, settle_max_ms=0, min_ms=0, min_samples=2)
MEASURE = Measure(min_ms=0, min_samples=4, max_ms=1e9, target=None)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, module_chdir):
    """The working folder: an environment `tiny` that has numpy, an engine and a sample."""
    folder = tmp_path_factory.mktemp("checkout")
    module_chdir(folder)
    environment = folder / "containers" / "tiny"
    environment.mkdir(parents=True)
    cpu = ROOT / "containers" / "cpu"
    lock = (cpu / "requirements.lock").read_text().splitlines()
    pinned = next(line for line in lock if line.startswith("numpy=="))
    (environment / "requirements.lock").write_text(f"{pinned}\n")
    shutil.copy(cpu / "Dockerfile", environment)
    (environment / "image.yaml").write_text("base: nobody/nothing:0\nprovides: []\n")
    (environment / "smoke.py").write_text("import numpy; print(numpy.__version__)\n")
    (folder / "models").mkdir()
    (folder / "models" / "engine.json").write_text("{}")
    np.savez(folder / "models" / "sample.npz", x=np.zeros((1, 3, 8, 8), np.float32))
    return folder


@pytest.fixture(scope="module")
def module_chdir():
    before = Path.cwd()
    yield os.chdir
    os.chdir(before)


@pytest.fixture(scope="module")
def settings(daemon_met, base_image):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", daemon_met.environment.get("PATH", os.environ["PATH"]))
        yield ContainerSettings(host=daemon_met.url, base=base_image)


@pytest.fixture(scope="module")
def place(checkout, settings):
    return docker.enter(docker.prepare("tiny", settings, checkout / "log"), settings)


@pytest.fixture(autouse=True)
def _nothing_stays_behind(docker_client):
    yield
    deadline = time.monotonic() + DEADLINE_S
    while left_on(docker_client) != ([], []) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_on(docker_client) == ([], [])


def left_on(client):
    """The containers and volumes that a daemon has."""
    return client.containers.list(all=True), client.volumes.list()


def artifact(path: str) -> Artifact:
    content = Path(path).read_bytes()
    return Artifact(path=path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def launch(**options) -> LaunchJob:
    return LaunchJob(
        backend="null",
        engine={"engine": artifact("models/engine.json")},
        sample=artifact("models/sample.npz"),
        post="none",
        options={"latency_ms": 0.1, **options},
        warmup=WARMUP,
        turn=TURN,
        measure=MEASURE,
        conducted=True,
    )


def conducted(workspace, log, timeout_s=DEADLINE_S, **options):
    """Conduct one launch to its end, as a session does; its result."""
    with workspace.start("retable_runner", launch(**options), log=log, talks=True) as running:
        if running.ask(None, DEADLINE_S) is None or running.ask("warm", timeout_s) is None:
            return running.result(0.5)
        while not running.ask("turn", DEADLINE_S)["enough"]:
            pass
        assert running.ask("finish", DEADLINE_S) == {"finished": True}
        running.tell("end")
        return running.result(DEADLINE_S)


def test_an_image_is_found_again_by_its_content(place, checkout, settings, docker_client):
    log = checkout / "second.log"
    again = docker.prepare("tiny", settings, log)
    assert not log.exists()
    assert again.facts["image_id"] == docker_client.images.get(again.facts["image"]).id


def test_a_job_is_told_what_the_machine_is(place, tmp_path):
    result = run_job(place, "retable_runner", ProbeJob(), log=tmp_path / "log", timeout_s=60)
    assert (result.outcome, result.reason) == ("ok", None)
    assert result.facts["machine"]["cores"] == os.cpu_count()
    assert result.facts["backends"]["null"]["available"]


def test_a_jobs_files_go_in_and_come_out(place, checkout, tmp_path):
    job = BuildJob(
        backend="null",
        source={"onnx": artifact("models/sample.npz")},
        precision="fp32",
        options={},
        folder="results/engines/one",
    )
    result = run_job(place, "retable_runner", job, log=tmp_path / "log", timeout_s=60)
    assert result.outcome == "ok"
    made = result.artifacts["engine"]
    assert made == artifact("results/engines/one/engine.json")


def test_launches_take_turns_in_one_container(place, docker_client, tmp_path):
    log = tmp_path / "log"
    with place.opened("alone", log=log) as workspace:
        (container,) = docker_client.containers.list()
        result = conducted(workspace, log)
        assert [one.id for one in docker_client.containers.list()] == [container.id]
        again = conducted(workspace, log)
    for one in (result, again):
        assert (one.outcome, len(one.samples["latency_sync"])) == ("ok", 4)
        assert one.contention["waited"]


def test_a_container_may_do_next_to_nothing(place, docker_client, tmp_path):
    with place.opened("shared", log=tmp_path / "log"):
        (container,) = docker_client.containers.list()
        held = container.attrs["HostConfig"]
        assert (held["ReadonlyRootfs"], held["NetworkMode"], held["Privileged"]) == (
            True,
            "none",
            False,
        )
        script = "id -u; (echo x > /etc/x) 2>&1; kill -9 1 2>&1; echo x > x && echo written"
        status, said = container.exec_run(["sh", "-c", script])
        assert said.decode().splitlines()[0] == "1000"
        assert "Read-only file system" in said.decode()
        assert said.decode().splitlines()[-1] == "written"


@pytest.mark.parametrize(
    ("fail", "outcome", "reason"),
    [
        ("crash", "crashed", "SIGABRT: "),
        ("exit", "crashed", "exit status 3: "),
        ("hang", "timeout", "no end after "),
        ("memory", "out_of_memory", "SIGKILL: "),
    ],
)
def test_a_failure_is_told_and_stops_no_other(
    place, docker_client, tmp_path, fail, outcome, reason
):
    log = tmp_path / "log"
    with place.opened("shared", log=log, memory_limit_mib=LIMIT_MIB) as workspace:
        found = conducted(workspace, log, timeout_s=2 if fail == "hang" else DEADLINE_S, fail=fail)
        assert (found.outcome, found.reason[: len(reason)]) == (outcome, reason)
        assert conducted(workspace, log).outcome == "ok"
        (container,) = docker_client.containers.list()
        assert programs_in(container) == []


def programs_in(container):
    """The modules of ours that still run in a container, after a while."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        rows = [" ".join(row) for row in container.top(ps_args="-eo pid,args")["Processes"]]
        found = [row for row in rows if "-m retable_" in row]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


OPENS = """
    import sys, time
    from pathlib import Path
    from retable.config.device import ContainerSettings
    from retable.runtimes import Prepared, docker
    settings = ContainerSettings.model_validate_json(sys.argv[1])
    place = docker.enter(Prepared("python3", "", {"image": sys.argv[2]}), settings)
    with place.opened("alone", log=Path(sys.argv[3])):
        print("open", flush=True)
        time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_container_ends_with_whoever_opened_it(place, settings, docker_client, tmp_path, how):
    tag = docker.prepare("tiny", settings, tmp_path / "log").facts["image"]
    command = [sys.executable, "-c", textwrap.dedent(OPENS), settings.model_dump_json(), tag]
    process = subprocess.Popen(
        [*command, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
    )
    assert process.stdout.readline() == "open\n"
    assert len(docker_client.containers.list()) == 1
    process.send_signal(how)
    process.wait(DEADLINE_S)


def test_a_session_in_a_container_and_one_beside_it_exclude_each_other(place, settings, tmp_path):
    log = tmp_path / "log"
    waits = (
        "from retable.locks import machine_exclusive\n"
        "print('asks', flush=True)\n"
        "with machine_exclusive(): print('holds', flush=True)\n"
    )
    with place.opened("alone", log=log):
        other = subprocess.Popen(
            [sys.executable, "-c", waits],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")},
        )
        assert other.stdout.readline() == "asks\n"
        while "lock" not in Path(f"/proc/{other.pid}/wchan").read_text():
            assert other.poll() is None
    assert other.communicate(timeout=DEADLINE_S)[0] == "holds\n"
    with machine_exclusive(), place.opened("none", log=log):
        pass


def test_a_connection_that_is_cut_is_lost_and_the_next_one_stands(
    place, daemon_met, ssh_daemon, tmp_path
):
    if ssh_daemon is not daemon_met:
        pytest.skip("there is no connection to cut")
    log = tmp_path / "log"
    with (
        pytest.raises(ConnectionLost, match="was lost$"),
        place.opened("shared", log=log) as opened,
    ):
        ssh_daemon.cut()
        conducted(opened, log)
    with place.opened("shared", log=log) as opened:
        assert conducted(opened, log).outcome == "ok"


def test_a_connection_that_is_cut_in_a_launch_is_lost(place, daemon_met, ssh_daemon, tmp_path):
    if ssh_daemon is not daemon_met:
        pytest.skip("there is no connection to cut")
    log = tmp_path / "log"
    with place.opened("shared", log=log) as opened:
        running = opened.start("retable_runner", launch(), log=log, talks=True)
        with pytest.raises(ConnectionLost), running:
            assert running.ask(None, DEADLINE_S) == {"loaded": True}
            ssh_daemon.cut()
            assert running.ask("warm", DEADLINE_S) is None
            running.result(DEADLINE_S)


def test_a_device_that_falls_silent_is_lost_and_its_container_ends(
    place, daemon_met, ssh_daemon, docker_client, monkeypatch, tmp_path
):
    if ssh_daemon is not daemon_met:
        pytest.skip("there is no connection to fall silent")
    monkeypatch.setattr(containers, "SILENCE_S", 5)
    monkeypatch.setattr(containers, "HEARTBEAT_S", 1)
    log = tmp_path / "log"
    with (
        pytest.raises(ConnectionLost),
        place.opened("alone", log=log) as opened,
        opened.start("retable_runner", launch(), log=log, talks=True) as running,
    ):
        assert running.ask(None, DEADLINE_S) == {"loaded": True}
        with ssh_daemon.silent():
            assert running.ask("warm", DEADLINE_S) is None
            while left_on(docker_client) != ([], []):  # nobody here can end it
                time.sleep(0.1)
            running.result(DEADLINE_S)


# What is missing is one sentence.


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("ssh://nobody@no-such-host.invalid", "correct the host's name, or name it in"),
        ("ssh://127.0.0.1:1", "start sshd there, or correct the port"),
        ("tcp://127.0.0.1:1", "Docker at tcp://127.0.0.1:1: "),
    ],
)
def test_a_host_that_is_not_there_is_one_sentence(host, words):
    assert words in refusal(ContainerSettings(host=host))


def refusal(settings) -> str:
    with pytest.raises(RetableError) as caught:
        docker.check("config/devices/x.yaml", settings)
    return str(caught.value)


def test_a_daemon_that_is_down_is_one_sentence(tmp_path):
    sentence = refusal(ContainerSettings(host=f"unix://{tmp_path}/docker.sock"))
    assert sentence.startswith(f"config/devices/x.yaml: Docker at unix://{tmp_path}/docker.sock: ")
    assert sentence.endswith("; start it: sudo systemctl start docker")


def test_the_doctor_says_what_docker_says(daemon, base_image, monkeypatch):
    monkeypatch.chdir(ROOT)
    nano = read_entry(Device, ROOT / "config" / "devices" / "jetson-nano.yaml")

    def said(**more):
        found = doctor.findings(nano.in_containers(**{"host": daemon.url, **more}), None)
        return [(one.level, one.sentence) for one in found]

    for (level, sentence), part in zip(
        [*said(), *said(base=base_image, host="ssh://127.0.0.1:1")],
        ["has no runtime 'nvidia'", "give the registry's host name", "start sshd there"],
        strict=True,
    ):
        assert level == "fail"
        assert part in sentence
    plain = nano.model_copy(
        update={"container": ContainerSettings(host=daemon.url, base=base_image)}
    )
    assert [one.level for one in doctor.findings(plain, None)] == ["ok"]


def test_docker_that_is_not_there_is_one_sentence(daemon, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence = refusal(ContainerSettings(host=daemon.url))
    assert sentence.startswith("config/devices/x.yaml: the command docker was not found: ")


@pytest.mark.parametrize("gpu", [{"gpus": True}, {"runtime": "nvidia"}])
def test_a_gpu_runtime_that_is_missing_is_one_sentence(daemon, gpu):
    sentence = refusal(ContainerSettings(host=daemon.url, **gpu))
    assert "has no runtime 'nvidia': install NVIDIA's container toolkit" in sentence


def test_an_image_that_was_removed_is_one_sentence(place, settings, tmp_path):
    gone = docker.enter(docker.Prepared("python3", "", {"image": "retable/gone:1"}), settings)
    with (
        pytest.raises(RetableError, match=r"No such image: retable/gone:1"),
        gone.opened("none", log=tmp_path / "log"),
    ):
        pass


def test_a_base_that_cannot_be_had_is_one_sentence(checkout, daemon, tmp_path):
    with pytest.raises(RetableError) as caught:
        docker.prepare("tiny", ContainerSettings(host=daemon.url), tmp_path / "log")
    assert str(caught.value).startswith(
        "containers/tiny/Dockerfile, on nobody/nothing:0: could not be built: "
    )


def test_a_command_that_fails_while_an_image_is_built_is_told_with_its_last_word(
    checkout, settings, tmp_path
):
    recipe = checkout / "containers" / "tiny" / "Dockerfile"
    before = recipe.read_text()
    recipe.write_text(
        before + "RUN echo a warning >&2\nRUN echo there is no such wheel >&2 && false\n"
    )
    try:
        with pytest.raises(RetableError, match=r"non-zero code: 1: there is no such wheel \(all "):
            docker.prepare("tiny", settings, tmp_path / "log")
    finally:
        recipe.write_text(before)


def test_an_image_that_fails_its_smoke_test_is_not_used(
    checkout, settings, docker_client, tmp_path
):
    smoke = checkout / "containers" / "tiny" / "smoke.py"
    before = smoke.read_text()
    smoke.write_text("import nothing_of_the_kind\n")
    try:
        for _ in range(2):
            with pytest.raises(
                RetableError, match=r"^containers/tiny/smoke.py: .*nothing_of_the_k"
            ):
                docker.prepare("tiny", settings, tmp_path / "log")
    finally:
        smoke.write_text(before)
