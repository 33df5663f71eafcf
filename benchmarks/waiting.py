"""How much later than the GPU's last event does the host go on, by how and how long it waited?

On a CUDA device, for each of the context's flags a process of its own: a kernel that spins for some
milliseconds between two events, and three ways to wait for it. What is shown is the host's time
over that between the events: recording, launching, and what follows the last event.

    PYTHONPATH=workflow python -m benchmarks.waiting
"""

import ctypes
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from benchmarks.tables import markdown

FLAGS = {"auto": 0, "spin": 1, "yield": 2, "block": 4}  # CUctx_flags: how a thread waits
DURATIONS_MS = (1, 2, 8, 23, 40, 110)
REPEATS = 12
WARM_UP_CYCLES = 1_000_000


def main() -> int:
    """Print a table: a process for each flag, `auto` first and last."""
    print("Medians of", REPEATS, "in microseconds; columns are ways to wait\n", flush=True)
    print(markdown(("Flag", "Kernel (ms)", "stream", "event", "query"), []), flush=True)
    for flag in (*FLAGS, "auto"):
        subprocess.run([sys.executable, "-m", "benchmarks.waiting", flag], check=True)
    return 0


def rows_of(flag: str) -> None:
    """Print the rows of one flag, set before the device's primary context is made."""
    library = ctypes.CDLL("libcuda.so.1")
    for code in (library.cuInit(0), library.cuDevicePrimaryCtxSetFlags_v2(0, FLAGS[flag])):
        if code != 0:
            raise SystemExit(f"the CUDA driver refuses the flag {flag}: error {code}")
    import pycuda.driver as driver
    import torch

    driver.init()
    device = driver.Device(0)
    context = device.retain_primary_context()
    context.push()
    stream = driver.Stream()
    cycles_a_ms = device.get_attribute(driver.device_attribute.CLOCK_RATE)  # it is in kHz
    ways = (lambda _: stream.synchronize(), _synchronized, _asked)
    with torch.cuda.stream(torch.cuda.ExternalStream(stream.handle)):
        torch.cuda._sleep(WARM_UP_CYCLES)
        stream.synchronize()
        for duration_ms in DURATIONS_MS:
            spin = partial(torch.cuda._sleep, duration_ms * cycles_a_ms)
            beyond = [
                median(_beyond_us(driver, stream, spin, wait) for _ in range(REPEATS))
                for wait in ways
            ]
            cells = (flag, str(duration_ms), *(f"{one:.1f}" for one in beyond))
            print(f"| {' | '.join(cells)} |", flush=True)
    context.pop()


def _beyond_us(driver, stream, spin: Callable[[], None], wait: Callable) -> float:
    """Put a spinning kernel between two events, wait; the host's time less that between them."""
    first, last = driver.Event(), driver.Event()
    began = time.perf_counter()
    first.record(stream)
    spin()
    last.record(stream)
    wait(last)
    return (time.perf_counter() - began) * 1e6 - first.time_till(last) * 1e3


def _synchronized(event) -> None:
    event.synchronize()


def _asked(event) -> None:
    while not event.query():
        pass


if __name__ == "__main__":
    sys.exit(main() if len(sys.argv) == 1 else rows_of(sys.argv[1]))
