"""A phone for a real adb: the side of the protocol that Android's adbd speaks, on loopback.

Written after protocol.txt, SERVICES.TXT and SYNC.TXT of platform/system/core/adb: CNXN and AUTH,
streams (OPEN, OKAY, WRTE, CLSE), the services `shell:` and `sync:` (STAT, SEND, RECV). What the
shell is asked for is run here by sh, with the folder that phones have for it moved below one of
ours, and with a `getprop` on its PATH. It speaks as phones before Android 7 do: no features, one
stream for both outputs, no exit status.
"""

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = "/data/local/tmp"  # what its shell may write to
VERSION, LARGEST = 0x01000000, 4096
BANNER = b"device::ro.product.name=standin;ro.product.model=Stand_in;ro.product.device=standin;\0"
TOKEN, SIGNATURE, PUBLIC_KEY = 1, 2, 3
HEADER = struct.Struct("<4s5I")
PROPERTIES = {
    "ro.product.manufacturer": "Nobody",
    "ro.product.model": "Stand-in",
    "ro.board.platform": "kirin980",
    "ro.build.version.release": "10",
}
PROGRAM = r"""#!/bin/sh
# Prints as Paddle-Lite's benchmark.cc does; computes nothing.
for word in "$@"; do
  case "$word" in --*=*) name=${word%%=*}; eval "${name#--}=\${word#*=}" ;; esac
done
[ "$backend" = arm ] || { echo 'Must set --backend option!' >&2; exit 0; }
[ -f "$optimized_model_file" ] || {
  echo "Mode file[$optimized_model_file] not exist!" >&2; kill -6 $$; }
wanted=$(( $(echo "$input_shape" | tr , '*') )); given=$(wc -w < "$input_data_path")
[ "$given" -eq "$wanted" ] || { echo "Open input image error: $given" >&2; exit 1; }
cat <<END
output tensor num: 2
--- output tensor 0 ---
output shape(NCHW): 8 17 32 24 
output tensor 0 elem num: 104448
output tensor 0 mean value: 0.5
output tensor 0 standard deviation: 0.1

--- output tensor 1 ---
output shape(NCHW): 8 17 
output tensor 1 elem num: 136
END
cat <<END

======= Device Info =======
Brand: Nobody
Device: standin
Model: Stand-in
Android Version: 10
Android API Level: 29

======= Model Info =======
optimized_model_file: $optimized_model_file
input_data_path: $input_data_path
input_shape: $input_shape

======= Runtime Info =======
benchmark_bin version: v2.13-rc
threads: ${FORCED_THREADS:-$threads}
power_mode: $power_mode
warmup: $warmup
repeats: $repeats
result_path: 

======= Backend Info =======
backend: $backend
cpu precision: fp32

======= Perf Info =======
Time(unit: ms):
init  = 12.345      
first = 130.001     
min   = $((95 / threads)).500      
max   = $((99 / threads)).250      
avg   = $((96 / threads)).240      

END
"""


class Phone:
    """A phone that listens on `port`, for a `with` block; its files lie below `root`.

    Attributes may be set while it runs: `is_allowed` (this computer may use it), `has_room`,
    `leaves_at` (words: a command that holds them is begun, and then the cable is pulled), and
    `stays_away` (nobody can connect).
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.is_allowed, self.has_room, self.stays_away = True, True, False
        self.leaves_at: str | None = None
        self.commands: list[str] = []
        (root / FOLDER[1:]).mkdir(parents=True)
        self._bin = root / "bin"
        self._bin.mkdir()
        cases = "".join(f'  {name}) echo "{value}" ;;\n' for name, value in PROPERTIES.items())
        (self._bin / "getprop").write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\n')
        (self._bin / "getprop").chmod(0o755)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.serial = f"127.0.0.1:{self.port}"

    def __enter__(self) -> "Phone":
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def here(self, path: str) -> Path:
        """Where a file of the phone lies on this machine."""
        return self.root / path.lstrip("/")

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                if self.stays_away:
                    connection.close()
                else:
                    threading.Thread(target=_Cable(self, connection).serve, daemon=True).start()

    def run(self, command: str) -> bytes:
        command = command.replace(FOLDER, str(self.here(FOLDER)))
        environment = {**os.environ, "PATH": f"{self._bin}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.stdout


class _Cable:
    """One connection of an adb server."""

    def __init__(self, phone: Phone, connection: socket.socket) -> None:
        self._phone = phone
        self._connection = connection
        self._sending = threading.Lock()
        self._streams: dict[int, _Stream] = {}

    def serve(self) -> None:
        with contextlib.suppress(OSError, EOFError), self._connection:
            while True:
                name, first, second, size, _, _ = HEADER.unpack(self._read(HEADER.size))
                self._take(name, first, second, self._read(size))

    def _read(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            more = self._connection.recv(size - len(read))
            if not more:
                raise EOFError
            read += more
        return read

    def send(self, name: bytes, first: int, second: int, data: bytes = b"") -> None:
        magic = int.from_bytes(name, "little") ^ 0xFFFFFFFF
        header = HEADER.pack(name, first, second, len(data), sum(data) & 0xFFFFFFFF, magic)
        with self._sending, contextlib.suppress(OSError):
            self._connection.sendall(header + data)

    def pull(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _take(self, name: bytes, first: int, second: int, data: bytes) -> None:
        if name == b"CNXN" and self._phone.is_allowed:
            self.send(b"CNXN", VERSION, LARGEST, BANNER)
        elif name == b"CNXN" or (name == b"AUTH" and first == SIGNATURE):
            self.send(b"AUTH", TOKEN, 0, bytes(20))  # no signature is known here
        elif name == b"OPEN":
            stream = _Stream(self, len(self._streams) + 1, first)
            self._streams[stream.number] = stream
            target = self._sync if data.startswith(b"sync:") else self._shell
            threading.Thread(target=target, args=(stream, data), daemon=True).start()
        elif name in (b"OKAY", b"WRTE", b"CLSE") and second in self._streams:
            self._streams[second].take(name, data)

    def _shell(self, stream: "_Stream", data: bytes) -> None:
        command = data.removeprefix(b"shell:").rstrip(b"\0").decode()
        self._phone.commands.append(command)
        stream.accept()
        words = self._phone.leaves_at
        if words is not None and words in command:
            stream.write(b"output tensor num")
            self.pull()
            return
        stream.write(self._phone.run(command))
        stream.close()

    def _sync(self, stream: "_Stream", _: bytes) -> None:
        stream.accept()
        with contextlib.suppress(EOFError):
            while True:
                wanted, size = stream.read(4), struct.unpack("<I", stream.read(4))[0]
                if wanted == b"QUIT":
                    break
                self._answer(stream, wanted, stream.read(size).decode())
        stream.close()

    def _answer(self, stream: "_Stream", wanted: bytes, path: str) -> None:
        if wanted == b"STAT":
            found = self._phone.here(path)
            known = found.stat() if found.exists() else None
            numbers = (known.st_mode, known.st_size, int(known.st_mtime)) if known else (0, 0, 0)
            stream.write(b"STAT" + struct.pack("<3I", *numbers))
        elif wanted == b"SEND":
            self._receive(stream, self._phone.here(path.rpartition(",")[0]))
        elif wanted == b"RECV":
            self._give(stream, self._phone.here(path))
        else:
            raise EOFError

    def _receive(self, stream: "_Stream", path: Path) -> None:
        written = b""
        while (name := stream.read(4)) == b"DATA":
            written += stream.read(struct.unpack("<I", stream.read(4))[0])
        stream.read(4)  # of DONE: the time of the last change
        if not self._phone.has_room:
            reason = b"write failed: No space left on device"
            stream.write(b"FAIL" + struct.pack("<I", len(reason)) + reason)
            return
        assert name == b"DONE"
        path.write_bytes(written)
        stream.write(b"OKAY" + struct.pack("<I", 0))

    def _give(self, stream: "_Stream", path: Path) -> None:
        if not path.is_file():
            reason = b"No such file or directory"
            stream.write(b"FAIL" + struct.pack("<I", len(reason)) + reason)
            return
        data = path.read_bytes()
        for start in range(0, len(data), LARGEST):
            part = data[start : start + LARGEST]
            stream.write(b"DATA" + struct.pack("<I", len(part)) + part)
        stream.write(b"DONE" + struct.pack("<I", 0))


class _Stream:
    def __init__(self, cable: _Cable, number: int, other: int) -> None:
        self.number = number
        self._cable = cable
        self._other = other
        self._changed = threading.Condition()
        self._unread, self._is_closed, self._may_write = b"", False, True

    def take(self, name: bytes, data: bytes) -> None:
        with self._changed:
            if name == b"WRTE":
                self._unread += data
                self._cable.send(b"OKAY", self.number, self._other)
            elif name == b"OKAY":
                self._may_write = True
            else:
                self._is_closed = True
            self._changed.notify_all()

    def accept(self) -> None:
        self._cable.send(b"OKAY", self.number, self._other)

    def read(self, size: int) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: len(self._unread) >= size or self._is_closed)
            if len(self._unread) < size:
                raise EOFError
            found, self._unread = self._unread[:size], self._unread[size:]
        return found

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), LARGEST):
            with self._changed:
                self._changed.wait_for(lambda: self._may_write or self._is_closed)
                self._may_write = False
            self._cable.send(b"WRTE", self.number, self._other, data[start : start + LARGEST])

    def close(self) -> None:
        self._cable.send(b"CLSE", self.number, self._other)


class Adb:
    """A real adb with a server of its own, for a `with` block: `environment` leads to it."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        # Its keys lie below HOME.
        self.environment = {"ANDROID_ADB_SERVER_PORT": str(port), "HOME": str(home)}

    def __enter__(self) -> "Adb":
        self.run("start-server")
        return self

    def __exit__(self, *_: object) -> None:
        self.run("kill-server")

    def run(self, *words: str) -> str:
        done = subprocess.run(
            ["adb", *words],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout + done.stderr


@pytest.fixture
def adb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Adb]:
    """A real adb, whose server all that is started in the test finds."""
    if shutil.which("adb") is None:
        said = pytest.fail if os.environ.get("RETABLE_ADB") == "required" else pytest.skip
        said("no adb on the PATH (Debian: apt-get install adb)")
    (tmp_path / "home").mkdir()
    with Adb(tmp_path / "home") as adb:
        for name, value in adb.environment.items():
            monkeypatch.setenv(name, value)
        yield adb


@pytest.fixture
def phone(adb: Adb, tmp_path: Path) -> Iterator[Phone]:
    """A phone that adb is connected to."""
    with Phone(tmp_path / "phone") as phone:
        adb.run("connect", phone.serial)
        yield phone
