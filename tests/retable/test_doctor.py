"""The doctor: readings of real machines and of some laid out by hand, and this machine."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from recorded_readings import Recorded

from retable.config.device import Device
from retable.config.load import load_configuration
from retable.doctor import checks, command
from retable.doctor.findings import line
from retable.doctor.readings import ThisMachine

ROOT = Path(__file__).resolve().parents[2]
DEVICES = load_configuration(ROOT).devices
# What an H200 with driver 580.159.04 answered.
SMI = "nvidia-smi --query-{} --format=csv,noheader,nounits"
GPU = SMI.format("gpu=name,driver_version,persistence_mode,temperature.gpu,utilization.gpu")
APPS = SMI.format("compute-apps=pid,process_name,used_memory")
EVENTS = SMI.format("gpu=clocks_event_reasons.active")
THROTTLES = SMI.format("gpu=clocks_throttle_reasons.active")
H200 = {
    GPU: "NVIDIA H200, 580.159.04, Enabled, 33, 0",
    APPS: "",
    EVENTS: "0x0000000000000001",
}
# What this project's CI machine said, and one second later.
STAT = "cpu  2567422 34217 262708 2160121 4474 0 4584 4575 0 0\ncpu0 1 0 0 0\ncpu1 1 0 0 0\nintr 1"
NANO = {"/proc/device-tree/model": "NVIDIA Jetson Nano Developer Kit"}
NANO_GPU = "/sys/class/devfreq/57000000.gpu"
CPU0 = "/sys/devices/system/cpu/cpu0/cpufreq"
ZONE = "/sys/class/thermal/thermal_zone0"


def found(
    check: str, readings: Recorded, device: str | Device = "cpu"
) -> list[tuple[str, str, str | None]]:
    """What a check finds: level, sentence, mend."""
    judged = DEVICES[device] if isinstance(device, str) else device
    findings = checks.check(check).findings(judged, readings)
    return [(one.level, one.sentence, one.mend) for one in findings]


def levels(check: str, readings: Recorded, device: str | Device = "cpu") -> list[str]:
    return [level for level, _, _ in found(check, readings, device)]


def meminfo(**mib: int) -> dict[str, str]:
    return {"/proc/meminfo": "\n".join(f"{name}:  {1024 * size} kB" for name, size in mib.items())}


def test_memory_is_enough() -> None:
    readings = Recorded(meminfo(MemTotal=24000, MemAvailable=23000, SwapTotal=0, SwapFree=0))
    assert found("memory", readings) == [
        ("ok", "23000 MiB of memory are free", None),
        ("ok", "0 of 0 MiB of swap are used", None),
    ]


def test_little_memory_names_who_has_it() -> None:
    ps = {"ps -eo rss=,pid=,comm= --sort=-rss": "1843200  812 gnome-shell\n   9000  1 init"}
    files = meminfo(MemAvailable=2500, SwapTotal=2000, SwapFree=1500)
    memory, swap = found("memory", Recorded(files, ps), "jetson-nano")
    assert memory == (
        "warn",
        "2500 MiB of memory are free, and one launch may take 3000",
        "stop what takes most (gnome-shell, 1800 MiB: `kill 812`)",
    )
    assert swap[:2] == (
        "warn",
        "500 MiB are swapped out: what is timed may wait for them",
    )
    files = meminfo(MemAvailable=300, SwapTotal=0, SwapFree=0)
    assert levels("memory", Recorded(files)) == ["fail", "warn"]


def test_the_control_groups_memory_counts() -> None:
    group = {
        "/sys/fs/cgroup/memory.max": str(1024 << 20),
        "/sys/fs/cgroup/memory.current": str(1000 << 20),
        "/sys/fs/cgroup/memory.stat": f"anon 5\ninactive_file {400 << 20}\nactive_file 3",
    }
    files = meminfo(MemAvailable=23000, SwapTotal=100, SwapFree=100)
    assert found("memory", Recorded({**files, **group}))[0][1].startswith("424 MiB")
    group["/sys/fs/cgroup/memory.max"] = "max"
    assert found("memory", Recorded({**files, **group}))[0][1].startswith("23000 MiB")


def test_memory_that_cannot_be_read_is_told() -> None:
    assert levels("memory", Recorded()) == ["warn"]


@pytest.mark.parametrize(("kib", "level"), [(75443788, "ok"), (5 << 20, "warn"), (1 << 20, "fail")])
def test_disk(kib: int, level: str) -> None:
    head = "Filesystem     1024-blocks     Used Available Capacity Mounted on"
    df = f"{head}\n/dev/vda         264212084 30947124  {kib}      30% /"
    readings = Recorded(outputs={"df -Pk .": df})
    (first, second) = found("disk", readings)
    assert first[0] == level
    assert second[0] == "warn"  # nothing told of the other folder


def stat_later(**ticks: int) -> dict[str, str]:
    """/proc/stat a second later, with so many ticks more."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    first, *others = STAT.splitlines()
    before = first.split()[1:]
    after = [int(before[i]) + ticks.get(name, 0) for i, name in enumerate(names)]
    return {"/proc/stat": "\n".join([f"cpu  {' '.join(map(str, after))} 0 0", *others])}


def process(pid: int, name: str, ticks: int) -> dict[str, str]:
    columns = ["S", *["0"] * 10, str(ticks), "0", *["0"] * 30]
    return {f"/proc/{pid}/stat": f"{pid} ({name}) {' '.join(columns)}"}


def test_a_machine_at_rest() -> None:
    readings = Recorded({"/proc/stat": STAT}, later=stat_later(user=2, idle=196, iowait=2))
    assert found("load", readings) == [("ok", "other programs use 0.0 of 2 CPUs", None)]


def test_other_load_names_who_makes_it() -> None:
    before = {"/proc/stat": STAT, **process(7, "a (b) c", 100), **process(8, "idle", 900)}
    later = {**stat_later(user=80, system=20, idle=100), **process(7, "a (b) c", 195)}
    ((level, sentence, _),) = found("load", Recorded(before, later=later))
    assert level == "warn"
    assert sentence == "other programs use 1.0 of 2 CPUs, most of it a (b) c (process 7)"


def test_what_the_hypervisor_takes_is_told_apart() -> None:
    readings = Recorded({"/proc/stat": STAT}, later=stat_later(idle=180, steal=20))
    assert found("load", readings)[1][:2] == (
        "warn",
        "the hypervisor took 10 % of the CPUs' time",
    )


def test_load_that_cannot_be_read_is_told() -> None:
    assert levels("load", Recorded()) == ["warn"]


def test_governor() -> None:
    def governors(*names: str) -> Recorded:
        path = "/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor"
        return Recorded({path.format(number): name for number, name in enumerate(names)})

    assert levels("governor", governors()) == ["ok"]
    assert levels("governor", governors("performance", "performance")) == ["ok"]
    ((level, sentence, mend),) = found("governor", governors("schedutil", "performance"))
    assert (level, sentence) == (
        "warn",
        "the CPUs' clocks follow the load (governor schedutil on 1 CPUs)",
    )
    assert mend is not None
    assert "echo performance | sudo tee /sys/devices/system/cpu/cpu[0-9]*/" in mend


def thermal(celsius: int) -> dict[str, str]:
    return {
        f"{ZONE}/type": "CPU-therm",
        f"{ZONE}/temp": str(1000 * celsius),
        f"{ZONE}/trip_point_0_type": "critical",
        f"{ZONE}/trip_point_0_temp": "102500",
        f"{ZONE}/trip_point_1_type": "passive",
        f"{ZONE}/trip_point_1_temp": "97000",
        f"{ZONE}/trip_point_2_type": "active",
        f"{ZONE}/trip_point_2_temp": "51000",
    }


def test_heat() -> None:
    assert found("throttling", Recorded(thermal(60))) == [
        ("ok", "the hottest thermal zone is at 60 °C", None)
    ]
    hot, *_ = found("throttling", Recorded(thermal(93)))
    assert hot[:2] == ("warn", "CPU-therm is at 93 °C, and slowed at 97")
    assert levels("throttling", Recorded()) == ["ok"]


def test_clocks_that_are_held_down_are_told_and_fans_are_not() -> None:
    def cooling(kind: str) -> Recorded:
        folder = "/sys/class/thermal/cooling_device0"
        return Recorded({f"{folder}/type": kind, f"{folder}/cur_state": "3"})

    assert levels("throttling", cooling("pwm-fan")) == ["ok"]
    first, _ = found("throttling", cooling("thermal-cpufreq-0"))
    assert first[:2] == (
        "warn",
        "thermal-cpufreq-0 is slowed at this moment (cooling state 3)",
    )


def test_a_gpu_at_rest() -> None:
    assert found("gpu", Recorded(outputs=H200), "h200") == [
        ("ok", "NVIDIA H200, driver 580.159.04, 33 °C", None)
    ]


def test_no_gpu_fails_where_the_device_has_one() -> None:
    assert levels("gpu", Recorded(), "h200") == ["fail"]
    assert levels("gpu", Recorded(), "cpu") == []


def test_a_gpu_that_is_used_slowed_and_asleep() -> None:
    readings = Recorded(
        outputs={
            GPU: "NVIDIA T4, 550.54, Disabled, 83, 97\nanother, 550.54, Enabled, 1, 0",
            APPS: "13389, python3, 1634",
            THROTTLES: "0x0000000000000024\n0x0000000000000000",
        }
    )
    assert found("gpu", readings, "h200")[1:] == [
        ("warn", "the GPU is put to sleep between launches", "`sudo nvidia-smi -pm 1`"),
        (
            "warn",
            "another program uses the GPU: python3, 1634 MiB",
            "stop it: `kill 13389`, or wait",
        ),
        (
            "warn",
            "the GPU's clocks are held down by its power limit and heat",
            "let it cool, and see `nvidia-smi -q -d PERFORMANCE,POWER,TEMPERATURE`",
        ),
    ]


def test_a_gpu_that_is_busy_for_one_we_cannot_see() -> None:
    outputs = {**H200, GPU: "NVIDIA H200, 580.159.04, Enabled, 33, 60", EVENTS: "[N/A]"}
    _, busy = found("gpu", Recorded(outputs=outputs), "h200")
    assert busy[1] == "the GPU is 60 % busy, by a program that cannot be seen from here"


def test_a_command_that_does_not_end_is_a_warning() -> None:
    readings = Recorded(outputs={GPU: None})
    told = dict(command.findings(DEVICES["h200"], readings))
    assert told["gpu"].level == "warn"
    assert told["gpu"].sentence.endswith("did not end in 3.0 s")


def clocks(lowest_gpu: str, lowest_cpu: str) -> dict[str, str]:
    return {
        f"{NANO_GPU}/min_freq": lowest_gpu,
        f"{NANO_GPU}/max_freq": "921600000",
        "/sys/class/devfreq/70019000.mc/min_freq": "1",
        "/sys/class/devfreq/70019000.mc/max_freq": "2",
        f"{CPU0}/scaling_min_freq": lowest_cpu,
        f"{CPU0}/scaling_max_freq": "1479000",
        f"{CPU0}/scaling_cur_freq": "102000",
    }


def test_a_jetson_as_its_device_file_wants_it() -> None:
    files = {**NANO, **clocks("921600000", "1479000")}
    readings = Recorded(files, {"nvpmodel -q": "NV Fan Mode:quiet\nNV Power Mode: MAXN\n0"})
    assert found("power_mode", readings, "jetson-nano") == [
        ("ok", "the power mode is MAXN", None),
        ("ok", "the clocks of CPUs and GPU stand still", None),
    ]
    assert found("gpu", readings, "jetson-nano") == []  # it has no nvidia-smi


def test_a_jetson_in_another_mode() -> None:
    modes = "< POWER_MODEL ID=0 NAME=MAXN >\nCPU 1\n< POWER_MODEL ID=1 NAME=5W >"
    files = {**NANO, **clocks("76800000", "1479000"), "/etc/nvpmodel.conf": modes}
    readings = Recorded(files, {"nvpmodel -q": "NV Power Mode: 5W\n1"})
    assert found("power_mode", readings, "jetson-nano") == [
        (
            "warn",
            "the power mode is 5W, and jetson-nano is measured in MAXN (10 W)",
            "`sudo nvpmodel -m 0`",
        ),
        ("warn", "the clocks of the GPU follow the load", "`sudo jetson_clocks`"),
    ]
    assert found("power_mode", Recorded(), "jetson-nano") == []  # no Jetson


def test_versions_are_those_of_the_lock() -> None:
    from retable.doctor.checks import packages

    lock = "# by uv\nnumpy==2.2.0 ; python_version < '4'\nPyYAML==6.0\n    # via x\n"
    assert packages.versions(lock) == {"numpy": "2.2.0", "pyyaml": "6.0"}

    def told(*lines: str) -> list[tuple[str, str, str | None]]:
        outputs = {f"{sys.executable} -c {packages.TELL}": "\n".join(lines)}
        files = {str(Path.cwd() / packages.LOCK): lock}
        return found("packages", Recorded(files, outputs))

    assert told("3.12.1", "pyyaml==6.0", "numpy==2.2.0", "more==1")[0][0] == "ok"
    assert told("3.12.1", "pyyaml==6.0", "numpy==2.1.0")[0][:2] == (
        "warn",
        "packages are of other versions than in containers/host/requirements.lock: "
        "numpy 2.1.0 (wanted: 2.2.0)",
    )
    assert [level for level, _, _ in told("3.10.1", "pyyaml==6.0")] == ["fail", "fail"]


def test_whoever_holds_the_lock_is_named() -> None:
    from retable.doctor.checks import runs

    locks = (
        "1: POSIX  ADVISORY  WRITE 11 fe:00:5 0 EOF\n"
        "2: FLOCK  ADVISORY  WRITE 22 fe:00:7 0 EOF\n"
        "2: -> FLOCK  ADVISORY  READ 33 fe:00:7 0 EOF\n"
        "3: FLOCK  ADVISORY  READ 44 fe:00:77 0 EOF"
    )
    assert runs.holding(locks, "7") == {"22": True}
    assert runs.holding(locks, "77") == {"44": False}


def test_a_holder_outside_the_container_is_not_to_be_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETABLE_MACHINE_LOCK", str(tmp_path))
    locks = {"/proc/locks": "1: FLOCK  ADVISORY  WRITE 0 fe:00:7 0 EOF"}
    ((_, sentence, mend),) = found("runs", Recorded(locks, {f"stat -c %i {tmp_path}": "7"}))
    assert sentence == f"process 0 (unknown) holds {tmp_path} alone, and times"
    assert mend == "wait for it: it runs outside this container"


def test_other_runs_are_told() -> None:
    readings = Recorded(
        {
            "/proc/5/cmdline": "/usr/bin/python3\0/x/.venv/bin/snakemake\0--cores\x004",
            "/proc/6/cmdline": "python\0-m\0retable\0export\0--output\0x",
            "/proc/7/cmdline": "python\0-m\0retable\0doctor\0--device\0cpu",
            "/proc/8/cmdline": "vim\0snakemake.md",
            "/proc/9/cmdline": "",
        }
    )
    sentences = [sentence for _, sentence, _ in found("runs", readings)]
    assert sentences == [
        "retable runs already: process 5 (python3 snakemake --cores 4)",
        "retable runs already: process 6 (python -m retable export --output x)",
    ]


@pytest.mark.parametrize(
    ("text", "level"), [("127748539 53228520 1330", "ok"), ("0 0 0", "warn"), (None, "warn")]
)
def test_the_count_of_waiting(text: str | None, level: str) -> None:
    files = {} if text is None else {"/proc/1/schedstat": text}
    assert levels("schedstat", Recorded(files)) == [level]


def test_another_architecture_fails() -> None:
    (first, *_) = found("device", Recorded(outputs={"uname -m": "x86_64"}), "jetson-nano")
    assert first == (
        "fail",
        "this machine is x86_64, and jetson-nano is aarch64",
        "run this on the device itself, or say where it is: --docker-host ssh://user@board",
    )
    (first, *_) = found("device", Recorded(outputs={"uname -m": "arm64"}), "jetson-nano")
    assert first[0] == "ok"


def test_a_device_elsewhere_is_not_judged_by_this_machine() -> None:
    nano = DEVICES["jetson-nano"]
    container = nano.container.model_copy(update={"host": "ssh://me@nano.invalid"})
    elsewhere = nano.model_copy(update={"container": container, "runtime": "docker"})
    told = list(command.findings(elsewhere, Recorded()))
    assert {name for name, _ in told} == {"device", "disk", "docker", "packages"}
    assert told[0][1].sentence.startswith("jetson-nano is ssh://me@nano.invalid, another machine")


def test_a_line_says_level_check_sentence_and_mend() -> None:
    finding = next(iter(checks.check("load").findings(DEVICES["cpu"], Recorded())))
    assert line("load", finding) == (
        "warn  load        /proc/stat cannot be read: nothing tells other load  =>  look at `top`"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_machine_can_be_read() -> None:
    readings = ThisMachine(budget_s=8)
    assert "MemTotal" in (readings.text("/proc/meminfo") or "")
    assert f"/proc/{os.getpid()}/stat" in readings.texts("/proc/[0-9]*/stat")
    assert readings.text("/proc/nothing") is None
    assert readings.output("no-such-command") is None
    assert readings.output("false") is None
    assert readings.output("echo", "a b") == "a b"


class Doctor:
    """The command, in a process of its own, with a lock of its own."""

    def __init__(self, folder: Path) -> None:
        self.lock = folder / "machine"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "workflow"),
            "RETABLE_MACHINE_LOCK": str(self.lock),
        }

    def __call__(
        self, device: str, *options: str, cwd: Path = ROOT
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "retable", "doctor", "--device", device, *options],
            cwd=cwd,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    return Doctor(tmp_path)


@pytest.mark.parametrize(
    ("listed", "level", "words"),
    [
        ("", "fail", "adb sees no phone"),
        ("X1\tunauthorized", "fail", "adb sees X1 unauthorized"),
        ("X1\tdevice", "ok", "adb reaches the phone X1"),
        ("X1\tdevice\nX2\tdevice", "fail", "adb sees X1 device; X2 device"),
    ],
)
def test_a_phone_is_looked_for_at_the_cable(listed: str, level: str, words: str) -> None:
    readings = Recorded({}, {"adb devices": f"List of devices attached\n{listed}"})
    first, *_ = found("device", readings, "kirin-980")
    assert (first[0], first[1]) == (level, words)


QEMU = "qemu-aarch64 version 7.2.22 (Debian 1:7.2)\nCopyright (c) 2003-2022"
DPKG = {"dpkg-deb --version": "Debian 'dpkg-deb' package archive backend version 1.21.22"}


@pytest.mark.parametrize("name", ["qemu-aarch64-static", "qemu-aarch64"])
def test_an_emulated_device_needs_its_emulator_and_no_other_machine(name: str) -> None:
    readings = Recorded({}, {f"{name} --version": QEMU, "uname -m": "x86_64", **DPKG})
    told = found("device", readings, "arm64-emulated")
    assert [level for level, _, _ in told] == ["ok", "ok"]
    assert told[0][1].startswith("qemu-aarch64 version 7.2.22 (Debian 1:7.2), for An ARM64")


def test_an_emulator_that_is_missing_is_named_with_its_mend() -> None:
    told = found("device", Recorded({}, DPKG), "arm64-emulated")
    assert [level for level, _, _ in told] == ["fail", "ok"]
    assert told[0][1] == "qemu-aarch64-static or qemu-aarch64 does not answer"
    assert "qemu-user-static" in (told[0][2] or "")


def test_the_command_says_a_line_for_each_finding(doctor: Doctor) -> None:
    started = time.monotonic()
    done = doctor("cpu")
    assert time.monotonic() - started < 30  # a limit of hanging, not of speed
    lines = [line.split(None, 2) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert {level for level, _, _ in lines} <= {"ok", "warn", "fail"}
    assert {check for _, check, _ in lines} >= {"device", "disk", "load", "memory", "packages"}
    failed = any(level == "fail" for level, _, _ in lines)
    assert done.returncode == (1 if failed else 0)


def test_the_command_fails_for_a_device_that_this_machine_is_not(doctor: Doctor) -> None:
    doctor.environment["PATH"] = str(doctor.lock.parent)  # where nothing is
    done = doctor("kirin-980")
    assert done.returncode == 1
    assert "adb does not answer" in done.stdout
    assert "its backends are all part of this version: paddlelite" in done.stdout


def test_of_a_phone_only_the_cables_machine_and_the_phone_are_told(
    doctor: Doctor, tmp_path: Path
) -> None:
    adb = tmp_path / "bin" / "adb"
    adb.parent.mkdir()
    adb.write_text("#!/bin/sh\nprintf 'List of devices attached\\nX1\\tdevice\\nX2\\tdevice\\n'\n")
    adb.chmod(0o755)
    doctor.environment["PATH"] = f"{adb.parent}:{os.environ['PATH']}"
    told = [line.split(None, 2) for line in doctor("kirin-980").stdout.splitlines()]
    assert {check for _, check, _ in told} == {"device", "disk", "packages", "runs"}
    assert told[0][0] == "fail"
    assert "--phone SERIAL" in told[0][2]
    assert "adb reaches the phone X2" in doctor("kirin-980", "--phone", "X2").stdout
    done = doctor("cpu", "--phone", "X2")
    assert done.returncode == 1
    assert done.stderr.endswith("reaches no phone; did you mean device=kirin-980?\n")


def test_the_command_names_who_holds_the_lock(doctor: Doctor) -> None:
    doctor.lock.mkdir()
    descriptor = os.open(doctor.lock, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        told = doctor("cpu").stdout
    finally:
        os.close(descriptor)
    assert f"process {os.getpid()} (" in told
    assert "holds" in told


def test_an_unknown_device_or_folder_is_one_sentence(doctor: Doctor, tmp_path: Path) -> None:
    done = doctor("jetson-nona")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean 'jetson-nano'" in done.stderr
    done = doctor("cpu", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("retable doctor: ")
    assert done.stderr.count("\n") == 1


def test_a_check_is_a_file(doctor: Doctor, tmp_path: Path) -> None:
    packages = tmp_path / "workflow"
    shutil.copytree(ROOT / "workflow" / "retable", packages / "retable")
    shutil.copytree(ROOT / "workflow" / "retable_statistics", packages / "retable_statistics")
    (packages / "retable" / "doctor" / "checks" / "moon.py").write_text(
        "from retable.doctor.findings import fail\n"
        "def findings(device, readings):\n"
        "    yield fail('the moon is full', '`wait`')\n"
    )
    doctor.environment["PYTHONPATH"] = str(packages)
    done = doctor("cpu")
    assert "fail  moon        the moon is full  =>  `wait`" in done.stdout
    assert done.returncode == 1
