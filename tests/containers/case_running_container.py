"""Not a test of its own: what test_containers_leftovers.py runs in a pytest that it then ends."""

import sys

from ground import base_image


def test_waits_with_a_container_that_runs(daemon, ssh_daemon, docker_client):
    image = base_image.ensure_programs(docker_client, "sleep")
    docker_client.containers.run(
        image, ["sleep", "600"], detach=True, network_mode="none", stop_signal="SIGKILL"
    )
    print("runs", daemon.folder, ssh_daemon.folder, flush=True)
    sys.stdin.readline()
