"""The sources, on files as machines have them; the watcher, as a real process that may fail."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from retable_runner import telemetry
from retable_runner.errors import Unavailable
from retable_runner.telemetry import nodes, placement, recorder, sources, watcher

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
CPU = "sys/devices/system/cpu"


class Machine:
    """A folder that looks like the root of a machine."""

    def __init__(self, root):
        self.root = root

    def write(self, path, text):
        """Write a file of /sys or /proc, in place: who has it open reads the new text."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    def open(self, name, cpus=(0, 1)):
        """Open a source on this machine."""
        return sources.load(name).open(sources.Watched(list(cpus), str(self.root)))


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def row(source, t_s=0.0):
    """Read a source once; return its values by column."""
    return dict(zip(source.columns, source.read(t_s), strict=True))


# Files of /sys and /proc.


@pytest.mark.parametrize(
    ("listed", "cpus"), [("0", {0}), ("0-2,5", {0, 1, 2, 5}), ("8-9,11", {8, 9, 11}), ("", set())]
)
def test_a_list_of_cpus_is_read_and_written_as_the_kernel_does(listed, cpus):
    assert nodes.cpus_from(listed) == cpus
    assert nodes.cpu_list(cpus) == listed


def test_a_node_says_what_the_file_says_now(machine):
    machine.write("node", 1500)
    node = nodes.Node(str(machine.root / "node"))
    machine.write("node", "2500 ma")
    assert (node.number(), node.number(1000)) == (2500, 2.5)


def test_a_node_that_has_no_number_gives_none(machine):
    machine.write("node", "<unsupported>")
    assert nodes.Node(str(machine.root / "node")).number() is None


def test_folders_are_in_the_order_of_their_numbers(machine):
    for name in ("zone10", "zone9", "other"):
        machine.write(f"{name}/type", "x")
    found = nodes.folders(str(machine.root), r"zone\d+")
    assert [Path(path).name for path in found] == ["zone9", "zone10"]


# The sources.


@pytest.mark.parametrize("name", sources.names())
def test_a_source_that_is_absent_has_a_reason(name, machine, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises((Unavailable, ImportError)) as failure:
        machine.open(name)
    assert str(failure.value)


def test_psi_is_the_share_of_the_interval_without_the_watchers_own(machine):
    lines = "some avg10=12.97 avg60=9.71 avg300=11.62 total={}\nfull avg10=0.00 total=0"
    machine.write("proc/pressure/cpu", lines.format(2731560150))
    machine.write("proc/self/schedstat", "85343 5000000 2")
    source = machine.open("psi")
    assert row(source, 10.0) == {"waiting_share": None}
    machine.write("proc/pressure/cpu", lines.format(2731560150 + 50000))
    machine.write("proc/self/schedstat", "99343 15000000 3")
    assert row(source, 10.2)["waiting_share"] == pytest.approx(0.2)
    machine.write("proc/self/schedstat", "99343 25000000 3")  # nobody else waited
    assert row(source, 10.4) == {"waiting_share": 0.0}


def test_psi_without_the_watchers_own_accounts_is_everybodys(machine):
    machine.write("proc/pressure/cpu", "some total=1000")
    source = machine.open("psi")
    row(source, 10.0)
    machine.write("proc/pressure/cpu", "some total=51000")
    assert row(source, 10.2)["waiting_share"] == pytest.approx(0.25)


STAT = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 {}\ncpu1 {}\nintr 99 0"


def test_steal_is_of_the_timed_cpus_only(machine):
    machine.write(
        "proc/stat",
        STAT.format("551240 16948 63938 569159 1399 0 711 890 0 0", "7 7 7 7 7 7 7 7 0 0"),
    )
    source = machine.open("steal", cpus=[0])
    assert row(source) == {"busy_share": None, "steal_share": None}
    machine.write(
        "proc/stat",
        STAT.format("551249 16949 63940 569161 1401 1 712 892 0 0", "9 9 9 9 9 9 9 99 0 0"),
    )
    assert row(source) == {"busy_share": 14 / 20, "steal_share": 2 / 20}
    assert source.facts == {"cpus": "0"}


def test_between_two_ticks_nothing_is_known_of_steal(machine):
    machine.write("proc/stat", "cpu0 1 0 0 1 0 0 0 0 0 0")
    source = machine.open("steal", cpus=[0])
    assert [row(source) for _ in range(2)] == [{"busy_share": None, "steal_share": None}] * 2


def test_cpufreq_has_the_clock_of_each_timed_cpu(machine):
    for cpu, khz in enumerate((3392181, 800005, 2100000)):
        machine.write(f"{CPU}/cpu{cpu}/cpufreq/scaling_cur_freq", khz)
        machine.write(f"{CPU}/cpu{cpu}/cpufreq/scaling_governor", "powersave")
        machine.write(f"{CPU}/cpu{cpu}/cpufreq/scaling_driver", "intel_pstate")
        machine.write(f"{CPU}/cpu{cpu}/cpufreq/scaling_min_freq", 800000)
        machine.write(f"{CPU}/cpu{cpu}/cpufreq/scaling_max_freq", 3500000)
    source = machine.open("cpufreq", cpus=[0, 2, 3])
    assert row(source) == {"cpu0_mhz": 3392.181, "cpu2_mhz": 2100}
    assert source.facts == {
        "driver": "intel_pstate",
        "governor": "powersave",
        "lowest_mhz": 800,
        "highest_mhz": 3500,
        "locked_mhz": None,
    }


def test_a_cpu_with_one_frequency_is_locked(machine):
    for name in ("cur", "min", "max"):
        machine.write(f"{CPU}/cpu0/cpufreq/scaling_{name}_freq", 1479000)
    assert machine.open("cpufreq", cpus=[0]).facts["locked_mhz"] == 1479


def test_thermal_has_zones_trips_and_counts(machine):
    zones = [("CPU-therm", 41500), ("acpitz", 27800), ("acpitz", 29800), ("x86_pkg_temp", 44000)]
    for index, (name, milli) in enumerate(zones):
        machine.write(f"sys/class/thermal/thermal_zone{index}/type", name)
        machine.write(f"sys/class/thermal/thermal_zone{index}/temp", milli)
    trips = [(0, "active", 50000), (0, "passive", 97000), (0, "critical", 102500)]
    trips += [(1, "passive", -274000), (3, "passive", 20000)]
    for trip, (zone, kind, milli) in enumerate(trips):
        machine.write(f"sys/class/thermal/thermal_zone{zone}/trip_point_{trip}_type", kind)
        machine.write(f"sys/class/thermal/thermal_zone{zone}/trip_point_{trip}_temp", milli)
    for cpu in (0, 1, 2):
        machine.write(f"{CPU}/cpu{cpu}/thermal_throttle/core_throttle_count", 10 + cpu)
        machine.write(f"{CPU}/cpu{cpu}/thermal_throttle/package_throttle_count", 100)
    source = machine.open("thermal", cpus=[0, 1])
    machine.write("sys/class/thermal/thermal_zone1/temp", "")  # a sensor that has gone to sleep
    assert row(source) == {
        "CPU-therm_c": 41.5,
        "acpitz_c": None,
        "acpitz_2_c": 29.8,
        "x86_pkg_temp_c": 44,
        "core_throttle_count": 21,
        "package_throttle_count": 200,
    }
    assert source.facts == {"trips_c": {"CPU-therm_c": 97}}


def test_rapl_is_power_and_survives_the_counters_end(machine):
    zones = {
        "intel-rapl:0": "package-0",
        "intel-rapl:0:1": "dram",
        "intel-rapl-mmio:0": "package-0",
    }
    for zone, name in zones.items():
        machine.write(f"sys/class/powercap/{zone}/name", name)
        machine.write(f"sys/class/powercap/{zone}/max_energy_range_uj", 262143328850)
        machine.write(f"sys/class/powercap/{zone}/energy_uj", 262143328850 - 3000000)
    source = machine.open("rapl")
    assert row(source, 1.0) == {"package-0_w": None, "package-0_dram_w": None}
    machine.write("sys/class/powercap/intel-rapl:0/energy_uj", 10000000)
    machine.write("sys/class/powercap/intel-rapl:0:1/energy_uj", 262143328850 - 2000000)
    assert row(source, 1.2) == pytest.approx({"package-0_w": 65.0, "package-0_dram_w": 5.0})


def test_rapl_that_only_root_may_read_says_so(machine):
    machine.write("sys/class/powercap/intel-rapl:0/name", "package-0")
    with pytest.raises(Unavailable, match=r"intel-rapl:0/energy_uj: No such file"):
        machine.open("rapl")


def test_a_jetson_nano_has_the_rails_of_jetpack_4(machine):
    gpu = "sys/class/devfreq/57000000.gpu"
    for name, hertz in (("cur", 921600000), ("min", 921600000), ("max", 921600000)):
        machine.write(f"{gpu}/{name}_freq", hertz)
    machine.write(f"{gpu}/device/load", 987)
    machine.write(f"{gpu}/governor", "nvhost_podgov")
    chip = "sys/bus/i2c/devices/6-0040"
    machine.write(f"{chip}/name", "ina3221x")
    for index, (name, milliwatts) in enumerate(
        (("POM_5V_IN", 5482), ("POM_5V_GPU", 1810), ("POM_5V_CPU", 721))
    ):
        machine.write(f"{chip}/iio:device0/rail_name_{index}", name)
        machine.write(f"{chip}/iio:device0/in_power{index}_input", milliwatts)
    machine.write("sys/kernel/debug/clk/override.emc/clk_rate", 1600000000)
    source = machine.open("jetson")
    assert row(source) == {
        "gpu_clock_mhz": 921.6,
        "gpu_load_share": 0.987,
        "emc_clock_mhz": 1600,
        "POM_5V_IN_w": 5.482,
        "POM_5V_GPU_w": 1.81,
        "POM_5V_CPU_w": 0.721,
    }
    assert source.facts["locked_gpu_clock_mhz"] == 921.6


def test_a_jetson_orin_has_the_rails_of_linux_and_counts_over_current(machine):
    gpu = "sys/class/devfreq/17000000.ga10b"
    for name, hertz in (("cur", 612000000), ("min", 306000000), ("max", 1300500000)):
        machine.write(f"{gpu}/{name}_freq", hertz)
    hwmon = "sys/bus/i2c/devices/1-0040/hwmon/hwmon1"
    machine.write("sys/bus/i2c/devices/1-0040/name", "ina3221")
    machine.write("sys/bus/i2c/devices/0-0050/name", "24c02")
    for channel, name in ((1, "VDD_IN"), (2, "NC"), (7, "sum of shunt voltages")):
        machine.write(f"{hwmon}/in{channel}_label", name)
        machine.write(f"{hwmon}/in{channel}_input", 4984)
        machine.write(f"{hwmon}/curr{channel}_input", 1856)
    machine.write("sys/class/hwmon/hwmon3/name", "soctherm_oc")
    for event, count in ((1, 0), (2, 15), (3, 37)):
        machine.write(f"sys/class/hwmon/hwmon3/oc{event}_event_cnt", count)
    source = machine.open("jetson")
    assert row(source) == pytest.approx(
        {
            "gpu_clock_mhz": 612,
            "VDD_IN_w": 9.250304,
            "oc1_events": 0,
            "oc2_events": 15,
            "oc3_events": 37,
        }
    )
    assert source.facts["locked_gpu_clock_mhz"] is None


class NVMLError(Exception):
    """The error of nvidia-ml-py."""


class FunctionNotFound(NVMLError):
    """What an old driver says to a new function."""


# What nvidia-ml-py says on a machine with an old driver and a GPU that does not tell its load.
ANSWERS = {
    "nvmlInit": None,
    "nvmlSystemGetDriverVersion": "470.82",
    "nvmlDeviceGetHandleByIndex": lambda index: f"gpu {index}",
    "nvmlDeviceGetHandleByUUID": lambda uuid: f"gpu {uuid}",
    "nvmlDeviceGetName": lambda gpu: gpu,
    "nvmlDeviceGetPciInfo": types.SimpleNamespace(busId=b"00000000:65:00.0"),
    "nvmlDeviceGetClockInfo": lambda gpu, kind: {1: 1395, 2: 1512}[kind],
    "nvmlDeviceGetMaxClockInfo": 1410,
    "nvmlDeviceGetApplicationsClock": 1410,
    "nvmlDeviceGetDefaultApplicationsClock": 1410,
    "nvmlDeviceGetPowerUsage": 251250,
    "nvmlDeviceGetEnforcedPowerLimit": 300000,
    "nvmlDeviceGetPersistenceMode": 1,
    "nvmlDeviceGetTemperature": 61,
    "nvmlDeviceGetCurrentClocksThrottleReasons": 0x4,
    "nvmlDeviceGetCurrentClocksEventReasons": FunctionNotFound("Function Not Found"),
    "nvmlDeviceGetUtilizationRates": NVMLError("Not Supported"),
}


@pytest.fixture
def nvml(monkeypatch):
    """Put a package in nvidia-ml-py's place; return what changes one of its answers."""
    package = types.ModuleType("pynvml")
    package.NVML_CLOCK_SM, package.NVML_CLOCK_MEM, package.NVML_TEMPERATURE_GPU = 1, 2, 0
    package.NVMLError, package.NVMLError_FunctionNotFound = NVMLError, FunctionNotFound
    monkeypatch.setitem(sys.modules, "pynvml", package)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def say(name, answer):
        def told(*arguments):
            if isinstance(answer, Exception):
                raise answer
            return answer(*arguments) if callable(answer) else answer

        setattr(package, name, told)

    for name, answer in ANSWERS.items():
        say(name, answer)
    return say


def test_nvml_has_what_the_gpu_tells_and_the_reason_for_the_rest(machine, nvml):
    source = machine.open("nvml")
    assert row(source) == {
        "sm_clock_mhz": 1395,
        "memory_clock_mhz": 1512,
        "power_w": 251.25,
        "gpu_c": 61,
        "clock_event_reasons": 0x4,
    }
    assert source.facts == {
        "name": "gpu 0",
        "bus": "00000000:65:00.0",
        "driver": "470.82",
        "power_limit_w": 300.0,
        "max_sm_clock_mhz": 1410,
        "applications_sm_clock_mhz": 1410,
        "locked_sm_clock_mhz": None,
        "persistence_mode": True,
        "absent": {"gpu_load_share": "Not Supported"},
    }


def test_an_applications_clock_that_was_set_is_a_lock(machine, nvml):
    nvml("nvmlDeviceGetApplicationsClock", 1200)
    assert machine.open("nvml").facts["locked_sm_clock_mhz"] == 1200


@pytest.mark.parametrize(
    ("visible", "gpu"), [("1,0", "gpu 1"), ("GPU-6f4e,GPU-77", "gpu GPU-6f4e"), ("", "gpu 0")]
)
def test_nvml_watches_the_gpu_that_cuda_sees_first(machine, nvml, monkeypatch, visible, gpu):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert machine.open("nvml").facts["name"] == gpu


def test_nvml_without_a_driver_is_absent(machine, nvml):
    nvml("nvmlInit", NVMLError("Driver Not Loaded"))
    with pytest.raises(Unavailable, match="NVML: Driver Not Loaded"):
        machine.open("nvml")


# Where the watcher runs.


def test_the_watcher_goes_to_cores_that_are_not_timed(machine):
    machine.write(f"{CPU}/online", "0-7")
    for cpu in range(8):
        machine.write(f"{CPU}/cpu{cpu}/topology/thread_siblings_list", f"{cpu % 4},{cpu % 4 + 4}")
    root = str(machine.root)
    assert placement.outside([0, 1, 2], root) == {3, 7}
    assert placement.outside([0, 1, 2, 3], root) == {4, 5, 6, 7}
    assert placement.outside(range(8), root) == set()


# The watcher's loop.


class Clock:
    """A clock that moves by what is waited, and by `cost_s` at each row."""

    def __init__(self, end_s, cost_s=0.0):
        self.now = 100.0
        self.end_s = 100.0 + end_s
        self.cost_s = cost_s
        self.rows = []
        self.reason = None

    def __call__(self):
        return self.now

    def over(self, seconds):
        self.now += min(seconds, max(0.0, self.end_s - self.now))
        return self.now >= self.end_s

    def add_row(self, clock):
        self.rows.append(round(self.now - 100.0, 6))
        self.now += self.cost_s


def rows_of(clock, interval_s=0.2):
    watcher.watch({"one": clock}, interval_s, clock.over, clock)
    return clock.rows


def test_rows_keep_to_the_interval_and_the_last_is_at_the_end():
    assert rows_of(Clock(0.75, cost_s=0.01)) == [0.2, 0.4, 0.6, 0.75]


def test_there_is_no_last_row_right_after_another():
    assert rows_of(Clock(0.65)) == [0.2, 0.4, 0.6]


def test_slow_sources_leave_rows_out_and_the_cpu_alone():
    assert rows_of(Clock(1.5, cost_s=0.3)) == [0.2, 0.7, 1.2]


def test_a_source_that_fails_ends_with_a_reason_and_keeps_its_rows(machine):
    machine.write("proc/pressure/cpu", "some total=1")
    record = watcher.Record("psi", sources.Watched([0], str(machine.root)))
    record.add_row(time.monotonic)
    machine.write("proc/pressure/cpu", "some total=unreadable")
    record.add_row(time.monotonic)
    machine.write("proc/pressure/cpu", "some total=2")
    record.add_row(time.monotonic)
    value = record.value()
    assert len(value["rows"]) == 1
    assert "unreadable" in value["reason"]


# The recording: a real process.


@pytest.fixture
def started(monkeypatch):
    """The watchers that are started from here on."""
    found = []
    start = subprocess.Popen

    def spy(*arguments, **options):
        found.append(start(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(recorder.subprocess, "Popen", spy)
    return found


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put another program in the watcher's place, and wait for it less long."""

    def replace(code):
        (tmp_path / "stand_in.py").write_text(code)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(recorder, "WATCHER", "stand_in")
        monkeypatch.setattr(recorder, "READY_S", 0.2)
        monkeypatch.setattr(recorder, "ANSWER_S", 0.5)

    return replace


def nothing_recorded(reason, interval_ms=50):
    return {
        "interval_ms": interval_ms,
        "placement": None,
        "cpu_ms": None,
        "sources": {},
        "reason": reason,
    }


def test_a_real_recording_has_rows_or_a_reason_of_every_source():
    timed = os.sched_getaffinity(0)
    before_s = time.perf_counter()
    with telemetry.recording(50, timed) as recording:
        start_s = time.perf_counter()
        time.sleep(0.3)
        end_s = time.perf_counter()
    result = json.loads(json.dumps(recording.result(), allow_nan=False))
    assert (result["interval_ms"], result["reason"]) == (50, None)
    assert result["cpu_ms"] > 0
    assert sorted(result["sources"]) == sources.names()
    for source in result["sources"].values():
        assert bool(source["rows"]) != bool(source["reason"])
        assert all(len(row) == len(source["columns"]) + 1 for row in source["rows"])
        times = [row[0] for row in source["rows"]]
        assert times == sorted(times)
        # Ready before the block, so that a row before it bounds what the first one in it covers.
        assert not times or before_s < times[0] < start_s < times[-1]
        assert not times or times[-1] > end_s - 0.05 - 0.2  # an interval, and a busy machine
    assert result["sources"]["steal"]["columns"] == ["busy_share", "steal_share"]


def test_the_watcher_leaves_the_timed_cpus_where_it_can():
    first, *others = sorted(os.sched_getaffinity(0))
    with telemetry.recording(50, [first]) as recording:
        pass
    found = re.match(r"CPUs? ([\d,-]+), outside the timed ones$", recording.result()["placement"])
    assert found or not others
    assert not found or first not in nodes.cpus_from(found[1])


def test_with_all_cpus_timed_the_watcher_is_last_in_line():
    online = nodes.cpus_from(nodes.text("/" + placement.ONLINE))
    with telemetry.recording(50, online) as recording:
        pass
    found = recording.result()["placement"]
    assert found == "shares the timed CPUs, at nice 19: there are no others"


@pytest.mark.parametrize("interval_ms", [None, 0])
def test_without_an_interval_nothing_is_started(interval_ms, started):
    with telemetry.recording(interval_ms, [0]) as recording:
        pass
    assert recording.result() == nothing_recorded("switched off", None)
    assert not started


def test_a_watcher_that_is_killed_is_a_reason(started):
    with telemetry.recording(50, [0]) as recording:
        started[0].kill()
    assert recording.result() == nothing_recorded("the watcher was killed by SIGKILL")


def test_a_watcher_that_never_answers_is_a_reason_and_ends(program, started):
    program("import time\nwhile True: time.sleep(1)")
    with telemetry.recording(50, [0]) as recording:
        pass
    assert recording.result() == nothing_recorded("the watcher did not answer within 0.5 s")
    assert started[0].returncode == -signal.SIGKILL


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "print('no JSON')\nraise SystemExit(3)"])
def test_a_watcher_that_fails_is_a_reason(program, code):
    program(code)
    with telemetry.recording(50, [0]) as recording:
        pass
    assert recording.result() == nothing_recorded("the watcher ended with exit status 3")


def test_a_watcher_that_cannot_be_started_is_a_reason(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with telemetry.recording(50, [0]) as recording:
        pass
    reason = "the watcher did not start: No such file or directory"
    assert recording.result() == nothing_recorded(reason)


def test_what_the_block_raises_goes_through_and_the_watcher_ends(started):
    with pytest.raises(ZeroDivisionError), telemetry.recording(50, [0]) as recording:
        raise ZeroDivisionError
    assert started[0].returncode == 0
    assert recording.result()["reason"] is None


def test_the_watcher_dies_with_the_process_that_it_watches():
    code = (
        "import os, signal, time\n"
        "from retable_runner.telemetry import recorder\n"
        "watcher, _ = recorder._started(50, [0])\n"
        "watcher.stdout.readline()\n"
        "os.dup2(watcher.stdin.fileno(), 9, inheritable=True)\n"
        "if not os.fork():\n"  # who keeps the watcher's stdin open
        "    os.execlp('sleep', 'sleep', '60')\n"
        "print(watcher.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(WORKFLOW)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        pid = int(parent.stdout.readline())
        parent.wait()
        deadline = time.monotonic() + 20
        while is_running(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not is_running(pid)
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.stdout.close()


def is_running(pid):
    """Whether a process is there, and more than what its parent has not looked at yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_watcher_is_light():
    code = "import sys; import retable_runner.telemetry.watcher; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": str(WORKFLOW)},
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"numpy", "subprocess", "asyncio", "threading", "logging", "pynvml", "site"}
    assert not heavy & set(done.stdout.split())
