"""The daemon through ssh, as on a remote device: with Docker's own client, and with the SDK."""

import contextlib
import os
import subprocess

import docker
import pytest


@pytest.fixture
def through_ssh(ssh_daemon, monkeypatch):
    """This process reaches the daemon through ssh, and so do programs that it starts."""
    for name, value in ssh_daemon.environment.items():
        monkeypatch.setenv(name, value)
    return ssh_daemon


def said(*command):
    """What a program that must succeed says."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_dockers_own_client_runs_a_container_and_copies_files(
    through_ssh, base_image, tmp_path, docker_client
):
    there = (tmp_path / "there").write_bytes(os.urandom(1 << 20))
    name = said("docker", "create", "--network=none", base_image, "sha256sum", "/tmp/there").strip()
    with contextlib.ExitStack() as after:
        after.callback(docker_client.containers.get(name).remove, force=True)
        said("docker", "cp", str(tmp_path / "there"), f"{name}:/tmp/there")
        summed = said("docker", "start", "--attach", name)
        said("docker", "cp", f"{name}:/tmp/there", str(tmp_path / "back"))
    assert there == 1 << 20
    assert (tmp_path / "back").read_bytes() == (tmp_path / "there").read_bytes()
    assert summed == said("sha256sum", str(tmp_path / "there")).replace(str(tmp_path), "/tmp")


def test_a_tunnel_brings_the_socket_to_the_sdk(through_ssh, docker_client, base_image, tmp_path):
    here = tmp_path / "docker.sock"
    forward = ("-o", "ExitOnForwardFailure=yes", "-L", f"{here}:/var/run/docker.sock")
    # With -f, ssh returns as soon as the tunnel stands; its control socket ends it.
    control = ("-S", str(tmp_path / "control"))
    subprocess.run(["ssh", "-fnNT", "-M", *control, *forward, through_ssh.host], check=True)
    try:
        with contextlib.closing(docker.DockerClient(base_url=f"unix://{here}")) as client:
            assert client.info()["ID"] == docker_client.info()["ID"]
            output = client.containers.run(
                base_image, ["id", "-u"], user="65534", network_mode="none", remove=True
            )
        assert output == b"65534\n"
    finally:
        said("ssh", *control, "-O", "exit", through_ssh.host)


def test_a_connection_that_is_cut_ends_and_the_next_one_stands(through_ssh, base_image, started):
    name = started(base_image, ["sleep", "600"]).name
    with subprocess.Popen(
        ["docker", "exec", name, "sh", "-c", "echo there; sleep 600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        assert waiting.stdout.readline() == "there\n"
        through_ssh.cut()
        assert waiting.wait(60) != 0
    assert said("docker", "inspect", "--format", "{{.State.Status}}", name) == "running\n"


def test_a_silent_device_answers_when_it_is_back(through_ssh):
    with through_ssh.silent():
        asked = subprocess.Popen(["docker", "version"], stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            asked.wait(1)
    assert asked.wait(60) == 0
