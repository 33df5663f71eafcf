"""One container: made, locked, given files and programs, and gone with the block that opened it."""

import contextlib
import io
import os
import subprocess
import tarfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container as Handle

from retable.config.device import ContainerSettings
from retable.containers.daemon import Daemon
from retable.containers.images import restrictions
from retable.errors import ConnectionLost, RetableError
from retable.files import replacing
from retable.locks import machine_lock_folder, machine_lock_path
from retable.places import PACKAGES, Lock
from retable.processes import Exit, Program

WORK = "/work"  # the working folder inside, a volume of the container's own
OURS = ".retable"  # in it: the packages and the jobs' files
LOCKED_FOLDER = "/machine"
LIFE_S = 24 * 3600
SHORT_S = 60
GONE_S = 20
SIGNALLED = 128  # a shell's exit status for an end by a signal: this and the signal's number
# How often the kernel has killed for memory, of either version of control groups.
KILLED = (
    "grep -h '^oom_kill ' /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"
    " 2>/dev/null || true"
)
PROGRAM = 'echo $$ > "$1"; shift; exec "$@"'


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
        self._kills = 0
        self._put: set[str] = set()
        with _said(daemon):
            self._handle: Handle = daemon.client.containers.create(
                image, **_options(daemon, settings, lock, memory_limit_mib)
            )

    def __enter__(self) -> "Container":
        try:
            self._send(_packages())
            start = ["docker", "start", "--attach", "--interactive", self._id]
            self._first = Program(start, self._log, self._daemon.environment, talks=True)
        except BaseException:
            self._remove()
            raise
        try:
            self._wait_until_held()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._first.__exit__()
        self._remove()

    def put(self, paths: Iterable[str]) -> None:
        """Bring files from here, by their paths below the working folder; each of them once."""
        new = sorted(set(paths) - self._put)
        if new:
            self._send((path, Path(path)) for path in new)
            self._put.update(new)

    def take(self, path: str) -> None:
        """Bring a file here, to the same path below the working folder."""
        self._fetch(f"{WORK}/{path}", Path(path))

    def start(
        self, python: str, package: str, job: Path, result: Path, *, log: Path, talks: bool
    ) -> "ContainedProgram":
        """Run a package on a job file from here; its result is brought here at its end."""
        self._jobs += 1
        folder = f"{OURS}/job-{self._jobs}"
        self._send([(f"{folder}/job.json", job)])
        command = [python, "-m", package, f"{folder}/job.json", f"{folder}/result.json"]
        return ContainedProgram(self, command, folder, result, log, talks)

    def wrapped(self, command: list[str], pid_file: str, talks: bool) -> list[str]:
        """The command as it is run in the container: it leaves its number in a file."""
        options = ["--interactive"] if talks else []
        inside = ["sh", "-c", PROGRAM, "sh", pid_file, *command]
        return ["docker", "exec", *options, self._id, *inside]

    @property
    def environment(self) -> dict[str, str]:
        return self._daemon.environment

    def kill(self, pid_file: str) -> None:
        """Kill a program and its children; nothing happens where they have ended."""
        words = f'p=$(cat {pid_file}) && {{ kill -9 -- "-$p" || kill -9 "$p"; }}'
        with contextlib.suppress(RetableError):
            self._daemon.command("exec", self._id, "sh", "-c", words)

    def fetch_result(self, folder: str, result: Path) -> None:
        """Bring a job's result here, if it left one."""
        with contextlib.suppress(FileNotFoundError):
            self._fetch(f"{WORK}/{folder}/result.json", result)

    def was_out_of_memory(self) -> bool:
        """Whether the kernel has killed for memory since this was last asked.

        `ConnectionLost` where the container is not there any more.
        """
        with _said(self._daemon):
            self._handle.reload()
        if not self._handle.attrs["State"]["Running"]:
            raise ConnectionLost("the container has ended before its time")
        said = self._daemon.command("exec", self._id, "sh", "-c", KILLED)
        before, self._kills = self._kills, sum(int(line.split()[1]) for line in said.splitlines())
        return self._kills > before

    @property
    def _id(self) -> str:
        return str(self._handle.id)

    def _wait_until_held(self) -> None:
        """Wait as long as others hold the machine."""
        while (said := self._first.hear(SHORT_S)) != "held":
            ended = self._first.wait(0) if said is None and self._first.has_ended else None
            if ended is not None:
                raise self._daemon.failure(ended.last_lines)

    def _send(self, files: Iterable[tuple[str, Path]]) -> None:
        """Stream files into the working folder, by path, through `docker cp`."""
        command = ["docker", "cp", "-", f"{self._id}:{WORK}"]
        with self._copying(command, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            with (
                contextlib.suppress(BrokenPipeError),
                tarfile.open(fileobj=process.stdin, mode="w|", dereference=True) as archive,
            ):
                _pack(archive, files)

    def _fetch(self, inside: str, path: Path) -> None:
        """Bring one file here; FileNotFoundError if there is none."""
        command = ["docker", "cp", "--follow-link", f"{self._id}:{inside}", "-"]
        with self._copying(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            try:
                _unpack(process.stdout, path)
            except tarfile.ReadError:
                raise FileNotFoundError(inside) from None

    @contextlib.contextmanager
    def _copying(self, command: list[str], **pipes: int) -> "Iterator[subprocess.Popen[bytes]]":
        """Docker's command with a pipe; what it complains of is an error."""
        environment = {**os.environ, **self._daemon.environment}
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
        """Wait for the program's end, and bring its result here."""
        ended = super().wait(timeout_s)
        if ended.timed_out:
            self._kill()
            return ended
        self._is_over = True
        if ended.code == 0:
            self._container.fetch_result(self._folder, self._result)
            return ended
        out_of_memory = self._container.was_out_of_memory()
        code = SIGNALLED - ended.code if ended.code > SIGNALLED else ended.code
        return ended.of_container(code, out_of_memory)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if not self._is_over:
            self._kill()

    def _kill(self) -> None:
        self._is_over = True
        self._container.kill(self._pid_file)


def _options(
    daemon: Daemon, settings: ContainerSettings, lock: Lock, memory_limit_mib: int | None
) -> dict[str, Any]:
    """The container's first process, its folders and its limits, as the SDK takes them."""
    limit = f"{memory_limit_mib}m" if memory_limit_mib else None
    # Elsewhere its daemon makes it.
    folder = machine_lock_path() if daemon.is_remote else machine_lock_folder()
    return {
        **restrictions(settings),
        "command": [settings.python, "-m", "retable_runner.hold", LOCKED_FOLDER, lock, str(LIFE_S)],
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
        "cpuset_cpus": settings.cpuset,
        "mem_limit": limit,
        "memswap_limit": limit,
        "labels": {"retable": "job"},
    }


def _packages() -> Iterator[tuple[str, Path]]:
    """The source files that jobs need, and where they go: sent anew into each container."""
    for package in ("retable_runner", "retable_statistics", "retable_export"):
        for path in sorted((PACKAGES / package).rglob("*.py")):
            yield f"{OURS}/{path.relative_to(PACKAGES)}", path


def _pack(archive: tarfile.TarFile, files: Iterable[tuple[str, Path]]) -> None:
    """Write files and the folders above them, which the container's user may write to."""
    made: set[str] = set()
    for name, path in files:
        for folder in reversed(Path(name).parents[:-1]):
            if str(folder) not in made:
                made.add(str(folder))
                entry = tarfile.TarInfo(str(folder))
                entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o777, int(time.time())
                archive.addfile(entry, io.BytesIO())
        entry = archive.gettarinfo(str(path), name)
        entry.uid = entry.gid = 0
        entry.mode = 0o644
        with path.open("rb") as stream:
            archive.addfile(entry, stream)


def _unpack(stream: IO[bytes], path: Path) -> None:
    """Read the one file of an archive to `path`."""
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for entry in archive:
            source = archive.extractfile(entry)
            if source is not None:
                with replacing(path) as temporary, temporary.open("wb") as target:
                    while block := source.read(1 << 20):
                        target.write(block)


@contextlib.contextmanager
def _said(daemon: Daemon) -> Iterator[None]:
    """What the SDK complains of, as an error of the daemon's."""
    try:
        yield
    except (DockerException, OSError) as error:
        raise daemon.failure(str(error)) from None
