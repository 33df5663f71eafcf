"""The runtime `qemu`: Python and packages of another processor, run by QEMU's user emulation.

The environment is a folder of Debian's packages (`debian.lock`: where in its archive each lies,
or its address, and its checksum) with a Python in it, and the wheels of `requirements.lock` for
that Python. Nothing is asked of the kernel: what is entered is a command that starts the emulator
on that Python.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

from retable.downloads import download
from retable.errors import RetableError
from retable.local import LocalPlace
from retable.processes import run
from retable.runtimes import Nothing, Prepared, venv

FOLDER = Path("results/environments/qemu")
KEY, Settings = None, Nothing
PACKAGES, LOCK = "debian.lock", venv.LOCK
EMULATORS = ("qemu-aarch64-static", "qemu-aarch64")
# What is emulated, for everybody the same: the processor of a Jetson Nano, in QEMU's words, as
# ARM's numbers of its designer and part, and what Linux calls its instruction sets.
PROCESSOR, DESIGNER, PART = "cortex-a57", 0x41, 0xD07
FEATURES = "fp asimd aes pmull sha1 sha2 crc32 cpuid"
WHEELS = "aarch64-manylinux_2_28"  # as uv names the platform
UNPACK_TIMEOUT_S = 300
ARCHIVE = "RETABLE_DEBIAN"  # the environment variable that names Debian's archive, or a mirror
# Python takes this command for itself (-0), so that what it starts is emulated too; it is told
# where its library is, and so finds nothing of this machine's.
ENTERED = """\
#!/bin/sh
root="${{0%/*}}/../root"
export PYTHONHOME="$root/usr"
exec {emulator} -cpu {processor} -0 "$0" -L "$root" "$root/{python}" "$@"
"""


def check(where: str, settings: Nothing, environments: Sequence[str] = ()) -> None:
    """Say in one sentence what this machine misses for it."""
    try:
        emulator()
        if not shutil.which("dpkg-deb"):
            raise RetableError("dpkg-deb, which unpacks Debian's packages, was not found")
    except RetableError as error:
        raise RetableError(f"{where}: {error}") from None


def emulator() -> str:
    """The path of QEMU's user emulation of aarch64."""
    found = next(filter(None, map(shutil.which, EMULATORS)), None)
    if not found:
        raise RetableError(
            f"{EMULATORS[0]} was not found: install QEMU's user emulation (Debian: "
            "qemu-user-static)"
        )
    return found


def prepare(name: str, settings: Nothing, log: Path) -> Prepared:
    """Make the folder, unless one of the same packages, emulator and processor is there already."""
    made_of = files(name)
    for path in made_of:
        if not path.is_file():
            raise RetableError(
                f"{path}: no such file; the runtime qemu makes an environment of {LOCK} and "
                f"{PACKAGES}"
            )
    version = _version(emulator())
    folder = FOLDER / name
    identity = _identity(made_of, version)
    venv.make_once(folder, identity, lambda made: _make(made_of, made, version, log))
    return Prepared(str(folder / "bin" / "python"), identity, {"emulator": version})


def enter(prepared: Prepared, settings: Nothing) -> LocalPlace:
    return LocalPlace(Path(prepared.python).absolute())


def files(name: str) -> list[Path]:
    """What the environment `name` is made of."""
    return [Path("containers", name, LOCK), Path("containers", name, PACKAGES)]


def packages(lock: Path) -> list[tuple[str, str]]:
    """The places and checksums of Debian's packages, a line each."""
    lines = [line.split() for line in lock.read_text(encoding="utf-8").splitlines() if line.strip()]
    for words in lines:
        if len(words) != 2:
            raise RetableError(
                f"{lock}: {' '.join(words)!r}: a line has a place and its sha256:..."
            )
    return [(place, checksum) for place, checksum in lines]


def address(place: str) -> str:
    """The address of a package: its own, or in Debian's archive."""
    return place if urlsplit(place).scheme else urljoin(f"{archive()}/", place)


def archive() -> str:
    """The address of Debian's archive: the one that is named, or that apt has its packages from."""
    named = os.environ.get(ARCHIVE)
    if named:
        return named
    sites = (site for site in _sites_of_apt() if PurePosixPath(site).name == "debian")
    found = next(sites, None)
    if found is None:
        raise RetableError(
            f"apt knows no address of Debian's archive here: name one, {ARCHIVE}=https://HOST/debian"
        )
    return found


def _sites_of_apt() -> list[str]:
    if not shutil.which("apt-get"):
        return []
    command = ["apt-get", "indextargets", "--format", "$(SITE)"]
    return subprocess.run(command, capture_output=True, text=True).stdout.split()


def _version(command: str) -> str:
    done = subprocess.run([command, "--version"], capture_output=True, text=True)
    if done.returncode != 0:
        raise RetableError(f"{command} does not run: {done.stderr.strip()}")
    return done.stdout.splitlines()[0]


def _identity(made_of: list[Path], version: str) -> str:
    contents = b"".join(path.read_bytes() for path in made_of)
    return hashlib.sha256(contents + f"{version} {PROCESSOR}".encode()).hexdigest()


def _make(made_of: list[Path], folder: Path, version: str, log: Path) -> None:
    lock, debian = made_of
    root = folder / "root"
    root.mkdir(parents=True)
    for place, checksum in packages(debian):
        _unpack(place, checksum, folder / "package.deb", root, f"{debian}", log)
    python = _python(root, debian)
    _install(lock, root, python, log)
    _describe(root / "proc" / "cpuinfo", version)
    _write_command(folder / "bin" / "python", python)


def _unpack(place: str, checksum: str, package: Path, root: Path, where: str, log: Path) -> None:
    try:
        download(address(place), package, checksum=checksum)
    except RetableError as error:
        raise type(error)(f"{where}: {error}") from None
    command = ["dpkg-deb", "--extract", str(package), str(root)]
    ended = run(command, log=log, timeout_s=UNPACK_TIMEOUT_S)
    package.unlink()
    if ended.code != 0:
        name = PurePosixPath(urlsplit(place).path).name
        raise RetableError(f"{where}: {name} cannot be unpacked (why: {log})")


def _python(root: Path, lock: Path) -> PurePosixPath:
    """The interpreter's path in the root, such as usr/bin/python3.11."""
    found = sorted(root.glob("usr/bin/python3.*"))
    if not found:
        raise RetableError(f"{lock}: none of its packages has a Python (python3.11-minimal)")
    return PurePosixPath(found[-1].relative_to(root))


def _install(lock: Path, root: Path, python: PurePosixPath, log: Path) -> None:
    """Install the wheels, as they are, where Debian's Python looks for packages."""
    command = [venv.uv_command(), "pip", "install", "--only-binary", ":all:"]
    # Only its version is asked of this machine's own Python.
    command += ["--python", sys.executable, "--python-version", python.name.removeprefix("python")]
    command += ["--python-platform", WHEELS]
    command += ["--target", str(root / "usr" / "lib" / "python3" / "dist-packages")]
    venv.install(lock, [*command, "--requirement", str(lock)], log)


def _describe(cpuinfo: Path, version: str) -> None:
    """Say what is emulated where Linux says what processor there is.

    QEMU 7 shows the guest this machine's own /proc/cpuinfo, and libraries that look there for the
    kind of their ARM processor crash.
    """
    fields = {
        "model name": f"{PROCESSOR}, emulated by {version}",
        "Features": FEATURES,
        "CPU implementer": f"{DESIGNER:#x}",
        "CPU architecture": "8",
        "CPU variant": "0x1",
        "CPU part": f"{PART:#x}",
        "CPU revision": "0",
    }
    said = "".join(f"{key}\t: {value}\n" for key, value in fields.items())
    cpuinfo.parent.mkdir()
    count = os.cpu_count() or 1
    cpuinfo.write_text("\n".join(f"processor\t: {index}\n{said}" for index in range(count)))


def _write_command(path: Path, python: PurePosixPath) -> None:
    """Write what is entered; it finds the root beside itself, wherever the folder is moved."""
    path.parent.mkdir()
    path.write_text(ENTERED.format(emulator=emulator(), processor=PROCESSOR, python=python))
    path.chmod(0o755)
