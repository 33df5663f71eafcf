"""One container: made, locked, given files and programs, and gone with the block that opened it."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container as Handle
from docker.types import DeviceRequest

from retable.config.device import ContainerSettings
from retable.containers.daemon import Daemon
from retable.containers.files import OURS, pack, packages, unpack
from retable.errors import ConnectionLost, RetableError
from retable.locks import machine_lock_folder, machine_lock_path
from retable.places import PACKAGES, Lock
from retable.processes import Exit, Program

WORK = "/work"  # the working folder inside, a volume of the container's own
LOCKED_FOLDER = "/machine"
HEARTBEAT_S = 20
SILENCE_S = 90  # after which the container's first process takes us for gone
SHORT_S = 60
GONE_S = 20
MISSING = "Could not find the file"  # what `docker cp` says
PROGRAM = 'echo $$ > "$1"; shift; exec "$@"'
# How often the kernel has killed for memory; before Linux 4.13, how often the limit was met.
KILLS = (
    "grep -hs '^oom_kill ' /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"
    " || sed 's/^/failcnt /' /sys/fs/cgroup/memory/memory.failcnt"
)


class Container:
    """A container of an image on a daemon, for a `with` block.

    Its root is read-only, it has no network and no privileges. `lock` is taken on the machine that
    it runs on. `memory_limit_mib` bounds all its processes together.
    """

    def __init__(
        self,
        daemon: Daemon,
        image: str,
        settings: ContainerSettings,
        *,
        lock: Lock,
        log: Path,
        memory_limit_mib: int | None = None,
    ) -> None:
        self._daemon = daemon
        self._log = log
        self._jobs = 0
        self._kills_told = 0
        self._put: set[str] = set()
        self.environment = daemon.environment
        with daemon.speaking():
            self._handle: Handle = daemon.client.containers.create(
                image, **_options(daemon, settings, lock, memory_limit_mib)
            )
        self._id = str(self._handle.id)

    def __enter__(self) -> "Container":
        with contextlib.ExitStack() as undone:
            undone.callback(self._remove)
            start = ["docker", "start", "--attach", "--interactive", self._id]
            self._first = Program(start, self._log, self.environment, talks=True)
            undone.callback(self._first.__exit__)
            self._heartbeat = _Heartbeat(self._first)
            undone.callback(self._heartbeat.end)
            self._wait_until_held()
            self._send(packages())
            self._open = undone.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def put(self, paths: Iterable[str]) -> None:
        """Bring files from here, by their paths below the working folder; each of them once."""
        new = sorted(set(paths) - self._put)
        if new:
            self._send((path, Path(path)) for path in new)
            self._put.update(new)

    def take(self, path: str) -> None:
        """Bring a file here, to the same path below the working folder."""
        self.fetch(path, Path(path))

    def start(
        self, python: str, package: str, job: Path, result: Path, *, log: Path, talks: bool
    ) -> "ContainedProgram":
        """Run a package on a job file from here; its result is brought here at its end."""
        self._jobs += 1
        folder = f"{OURS}/job-{self._jobs}"
        self._send([(f"{folder}/job.json", job)])
        command = [python, "-m", package, f"{folder}/job.json", f"{folder}/result.json"]
        return ContainedProgram(self, command, folder, result, log, talks)

    def run(self, command: list[str], timeout_s: float) -> Exit:
        """Run a command to its end."""
        with Program(["docker", "exec", self._id, *command], self._log, self.environment) as one:
            return one.wait(timeout_s)

    def wrapped(self, command: list[str], pid_file: str, talks: bool) -> list[str]:
        """The command as it is run in the container: it leaves its number in a file."""
        options = ["--interactive"] if talks else []
        inside = ["sh", "-c", PROGRAM, "sh", pid_file, *command]
        return ["docker", "exec", *options, self._id, *inside]

    def kill(self, pid_file: str) -> None:
        """Kill a program and its children; nothing happens where they have ended."""
        with contextlib.suppress(RetableError):
            self._shell(f'p=$(cat {pid_file}) && {{ kill -9 -- "-$p" || kill -9 "$p"; }}')

    def was_begun(self, pid_file: str) -> bool:
        """Whether a program was begun; `ConnectionLost` where the container is not there."""
        with self._daemon.speaking():
            try:
                self._handle.reload()
            except NotFound:
                raise ConnectionLost("the container has ended before its time") from None
        return self._shell(f"test -f {pid_file} && echo yes || echo no").strip() == "yes"

    def claims_a_kill(self) -> bool:
        """Whether the kernel has killed for memory more often than was claimed: claim one."""
        counts: Counter[str] = Counter()
        for kind, count in map(str.split, self._shell(KILLS).splitlines()):
            counts[kind] += int(count)
        if "oom_kill" not in counts:
            return counts["failcnt"] > 0
        if counts["oom_kill"] <= self._kills_told:
            return False
        self._kills_told += 1
        return True

    def fetch(self, name: str, path: Path) -> None:
        """Bring one file from the working folder; FileNotFoundError if there is none."""
        command = ["docker", "cp", "--follow-link", f"{self._id}:{WORK}/{name}", "-"]
        with self._copying(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            is_whole = unpack(process.stdout, path)
        if not is_whole:
            raise ConnectionLost(f"{name}: only a part of it came out of the container")

    def _shell(self, words: str) -> str:
        return self._daemon.command("exec", self._id, "sh", "-c", words)

    def _wait_until_held(self) -> None:
        """Wait as long as others hold the machine."""
        while (said := self._first.hear(SHORT_S)) != "held":
            if said is None and self._first.has_ended:
                raise self._daemon.failure(self._first.wait(0).last_lines)

    def _send(self, files: Iterable[tuple[str, Path]]) -> None:
        """Stream files into the working folder, by path, through `docker cp`."""
        command = ["docker", "cp", "-", f"{self._id}:{WORK}"]
        with self._copying(command, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                pack(process.stdin, files)

    @contextlib.contextmanager
    def _copying(self, command: list[str], **pipes: int) -> "Iterator[subprocess.Popen[bytes]]":
        """Docker's command with a pipe; what it complains of is an error."""
        environment = {**os.environ, **self.environment}
        with subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            env=environment,
            **pipes,  # type: ignore[call-overload]
        ) as process:
            yield process
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
            said = process.stderr.read().decode("utf-8", "replace")
        if process.returncode != 0:
            if MISSING in said:
                raise FileNotFoundError(said.strip())
            raise self._daemon.failure(said)

    def _remove(self) -> None:
        """Remove it with its volume, and wait until it is gone."""
        with contextlib.suppress(DockerException, OSError):
            deadline = time.monotonic() + GONE_S
            while time.monotonic() < deadline:
                try:
                    self._handle.remove(force=True, v=True)
                except NotFound:
                    return
                except APIError:  # it is being removed
                    time.sleep(0.1)


class ContainedProgram(Program):
    """A program in a container: our child is Docker's command, its pipes are the program's."""

    def __init__(
        self,
        container: Container,
        command: list[str],
        folder: str,
        result: Path,
        log: Path,
        talks: bool,
    ) -> None:
        self._container = container
        self._folder, self._result = folder, result
        self._pid_file = f"{WORK}/{folder}/pid"
        self._is_over = False
        wrapped = container.wrapped(command, self._pid_file, talks)
        super().__init__(wrapped, log, container.environment, talks=talks)

    def wait(self, timeout_s: float) -> Exit:
        """Wait for the program's end, and bring its result here, if it left one."""
        ended = super().wait(timeout_s)
        if ended.timed_out:
            self._kill()
            return ended
        self._is_over = True
        if ended.code == 0:
            with contextlib.suppress(FileNotFoundError):
                self._container.fetch(f"{self._folder}/result.json", self._result)
            return ended
        if not self._container.was_begun(self._pid_file):
            raise RetableError(f"nothing could be begun in the container: {ended.last_lines}")
        inside = ended.of_shell()
        killed = inside.code == -signal.SIGKILL and self._container.claims_a_kill()
        return inside.for_memory() if killed else inside

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if not self._is_over:
            self._kill()

    def _kill(self) -> None:
        self._is_over = True
        self._container.kill(self._pid_file)


class _Heartbeat:
    """Says a line to a program now and then, so that it knows that we are here."""

    def __init__(self, program: Program) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, args=(program,), daemon=True)
        self._thread.start()

    def _beat(self, program: Program) -> None:
        while not self._over.wait(HEARTBEAT_S):
            program.say("")

    def end(self) -> None:
        self._over.set()
        self._thread.join()


def _options(
    daemon: Daemon, settings: ContainerSettings, lock: Lock, memory_limit_mib: int | None
) -> dict[str, Any]:
    """The container's first process, its folders, its limits, what it may do: as the SDK has it."""
    limit = f"{memory_limit_mib}m" if memory_limit_mib else None
    # Elsewhere its daemon makes it.
    folder = machine_lock_folder() if settings.is_local else machine_lock_path()
    first = (PACKAGES / "retable_runner" / "hold.py").read_text(encoding="utf-8")
    gpus = [DeviceRequest(count=-1, capabilities=[["gpu"]])] if settings.gpus else None
    return {
        "command": [settings.python, "-c", first, LOCKED_FOLDER, lock, str(SILENCE_S)],
        "entrypoint": "",
        "stdin_open": True,
        "auto_remove": True,
        "working_dir": WORK,
        "environment": {
            "PYTHONPATH": f"{WORK}/{OURS}",
            "PYTHONHASHSEED": "0",
            "PYTHONNOUSERSITE": "1",
            "HOME": "/tmp",
        },
        "volumes": [WORK, f"{folder}:{LOCKED_FOLDER}:ro"],
        "tmpfs": {"/tmp": "exec,mode=1777"},
        "read_only": True,
        "network_mode": "none",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "user": settings.user,
        "group_add": settings.groups,
        "cpuset_cpus": settings.cpuset,
        "mem_limit": limit,
        "memswap_limit": limit,
        "device_requests": gpus,
        "runtime": settings.runtime,
        "labels": {"retable": "job"},
    }
