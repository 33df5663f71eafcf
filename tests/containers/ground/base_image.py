"""An image to stand `FROM`, made of this machine's own Python and programs: no registry is asked.

It holds the interpreter with its standard library and pip, some programs, the shared libraries of
all of them, what pip needs to reach the package index that this machine's pip reaches, and the
wheels that this machine's pip finds in folders: of torch, say, without CUDA's three gigabytes.
"""

import ast
import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import docker

from ground.programs import program

REPOSITORY = "retable-ground/base"
PROGRAMS = (
    *("sh", "bash", "env", "timeout", "setsid", "kill", "sleep", "nice", "taskset", "id", "uname"),
    *("nproc", "date", "hostname", "ls", "cat", "cp", "mv", "rm", "ln", "mkdir", "rmdir", "mktemp"),
    *("touch", "chmod", "chown", "stat", "df", "dd", "head", "tail", "wc", "cut", "sort", "tr"),
    *("grep", "sed", "find", "tar", "sha256sum", "true", "false", "test", "echo", "printf"),
)
# What wheels link to, and what looks up users and hosts.
LIBRARIES = (
    *("libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libdl.so.2", "libpthread.so.0"),
    *("librt.so.1", "libutil.so.1", "libresolv.so.2", "libnss_files.so.2", "libnss_dns.so.2"),
)
# Of a Python: the standard library, and the wheels of pip where they are packaged apart.
LIBRARY = ("stdlib", "platstdlib", "wheels")
LEFT_OUT = {"test", "tests", "idlelib", "turtledemo", "site-packages", "dist-packages"}
FIND_LINKS = "find-links"  # pip's setting: pages, and folders
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ACCOUNTS = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
    "/etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
# Said by the interpreter itself, not by the virtual environment that we may run in.
_PATHS = """
import json, sys, sysconfig
wheels = sysconfig.get_config_var("WHEEL_PKG_DIR")
said = {"prefix": sys.prefix, "python": sys.executable, "wheels": wheels or "nowhere"}
print(json.dumps({**said, **sysconfig.get_paths()}))
"""


def ensure(client: docker.DockerClient) -> str:
    """The image's tag, which its content gives; made unless the daemon has it already."""
    paths = json.loads(_output(sys._base_executable, "-I", "-c", _PATHS))
    settings = [
        f"ENV PATH={paths['prefix']}/bin:/usr/local/bin:/usr/bin:/bin",
        f"ENV SSL_CERT_FILE={CERTIFICATES}",
        'CMD ["sh"]',
    ]
    return _imported(client, _files(paths), _texts(), _links(paths), settings)


def ensure_programs(client: docker.DockerClient, *names: str) -> str:
    """The tag of an image with these programs and nothing else: it is there at once."""
    programs = [Path(program(name)) for name in names]
    files = {_place(path): path for path in [*programs, *_shared_libraries(programs)]}
    return _imported(client, files, ACCOUNTS, _merged(), ["ENV PATH=/usr/bin:/bin"])


def _imported(
    client: docker.DockerClient,
    files: dict[str, Path],
    texts: dict[str, str],
    links: dict[str, str],
    settings: list[str],
) -> str:
    with tempfile.TemporaryFile() as archive:
        _write(archive, files, texts, links)
        archive.seek(0)
        tag = hashlib.file_digest(archive, "sha256").hexdigest()[:16]
        try:
            client.images.get(f"{REPOSITORY}:{tag}")
        except docker.errors.ImageNotFound:
            archive.seek(0)
            said = client.api.import_image(archive, REPOSITORY, tag, changes=settings)
            for line in said.splitlines():
                if "error" in json.loads(line):
                    raise docker.errors.DockerException(json.loads(line)["error"]) from None
    return f"{REPOSITORY}:{tag}"


def _write(
    archive: IO[bytes], files: dict[str, Path], texts: dict[str, str], links: dict[str, str]
) -> None:
    """Write a tar of files by their place in the image, sorted, so that equals are equal."""
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in sorted({str(one) for path in files | texts for one in _above(path)}):
            _add(tar, folder, tarfile.DIRTYPE, 0o755)
        _add(tar, "/tmp", tarfile.DIRTYPE, 0o1777)
        for path, target in sorted(links.items()):
            _add(tar, path, tarfile.SYMTYPE, 0o777, target=target)
        for path, text in sorted(texts.items()):
            _add(tar, path, tarfile.REGTYPE, 0o644, content=text.encode())
        for path, source in sorted(files.items()):
            # Compiled modules know their source by its time.
            mode, mtime = source.stat().st_mode | 0o644, int(source.stat().st_mtime)
            _add(tar, path, tarfile.REGTYPE, mode & 0o755, mtime, content=source.read_bytes())


def _add(
    tar: tarfile.TarFile,
    path: str,
    kind: bytes,
    mode: int,
    mtime: int = 0,
    target: str = "",
    content: bytes = b"",
) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.type, entry.mode, entry.mtime, entry.linkname = kind, mode, mtime, target
    entry.size = len(content)
    tar.addfile(entry, BytesIO(content))


def _above(path: str) -> Iterable[Path]:
    return list(Path(path).parents)[:-1]


def _files(paths: dict[str, str]) -> dict[str, Path]:
    """All files: place in the image -> where it is here."""
    python = Path(paths["python"])
    library = {path for key in LIBRARY for path in _library(Path(paths[key]))}
    programs = [Path(program(name)) for name in PROGRAMS]
    linked = [*programs, python, *(path for path in library if path.suffix == ".so")]
    shared = _shared_libraries([*linked, *_named_libraries()])
    files = {_place(path): path for path in [*programs, python, *library, *shared]}
    files |= {str(Path(paths["purelib"], name)): path for name, path in _pip()}
    files |= {str(path): path for path in _wheels()}
    if Path(_certificates()).is_file():
        files[CERTIFICATES] = Path(_certificates())
    return files


def _texts() -> dict[str, str]:
    lines = [f"{key} = {value}\n" for key, value in _pip_settings().items()]
    return {**ACCOUNTS, "/etc/pip.conf": "".join(["[global]\n", *lines])}


def _links(paths: dict[str, str]) -> dict[str, str]:
    """Symbolic links: the names of the interpreter, and those at the top."""
    python = _place(Path(paths["python"]))
    names = {f"/usr/bin/{name}": python for name in ("python", "python3")}
    return {name: target for name, target in names.items() if name != target} | _merged()


def _merged() -> dict[str, str]:
    """What are links to below /usr at the top of this machine, as they are on most."""
    top = [Path("/", name) for name in ("bin", "sbin", "lib", "lib64")]
    return {str(path): str(path.readlink()) for path in top if path.is_symlink()}


def _place(path: Path) -> str:
    """A file's place in the image: the same as here, with no link in its folder."""
    return str(path.parent.resolve() / path.name)


def _library(folder: Path) -> Iterator[Path]:
    """The files of a standard library, without its tests and what is installed beside it."""
    for place, folders, names in os.walk(folder):
        folders[:] = [
            name for name in folders if name not in LEFT_OUT and not name.startswith("config-")
        ]
        yield from (Path(place, name) for name in names if name != "EXTERNALLY-MANAGED")


def _shared_libraries(linked: Iterable[Path]) -> set[Path]:
    """What the files need, the loader included; and those that are libraries themselves."""
    linked = list(linked)
    found = re.findall(r"(/\S+) \(0x", _output("ldd", *map(str, linked), check=False))
    named = {path for path in linked if ".so" in path.name}
    return {Path(path) for path in found} | named


def _named_libraries() -> list[Path]:
    known = re.findall(r"^\s*(\S+) \(.*\) => (/\S+)$", _output(program("ldconfig"), "-p"), re.M)
    paths = dict(reversed(known))
    return [Path(paths[name]) for name in LIBRARIES if name in paths]


def _pip() -> Iterator[tuple[str, Path]]:
    """The files of the pip that is installed beside us, by their place among packages."""
    distribution = importlib.metadata.distribution("pip")
    for file in distribution.files or []:
        path = Path(str(distribution.locate_file(file)))
        if file.parts[0].startswith("pip") and path.is_file():
            yield str(file), path


def _wheels() -> Iterator[Path]:
    for word in _pip_settings().get(FIND_LINKS, "").split():
        if Path(word).is_absolute():
            yield from Path(word).glob("*.whl")


def _pip_settings() -> dict[str, str]:
    """What this machine's pip is set to, without folders of this machine but those of wheels."""
    settings = {}
    for line in _output(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        key = name.rpartition(".")[2]
        words = [word for word in ast.literal_eval(value).split() if _is_kept(key, word)]
        if words:
            settings[key] = " ".join(words)
    return settings | {"cert": CERTIFICATES} if Path(_certificates()).is_file() else settings


def _is_kept(key: str, word: str) -> bool:
    if key == FIND_LINKS and Path(word).is_absolute():
        return True  # its wheels come along
    return not word.startswith(("/", "~", "file:"))


def _certificates() -> str:
    return os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or CERTIFICATES


def _output(*command: str, check: bool = True) -> str:
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout
