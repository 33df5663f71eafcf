"""The verb `probe`: what the machine and this interpreter are."""

import importlib
import os
import platform
import re

from retable_runner import backends, cuda, outcomes, phones
from retable_runner.telemetry import nodes

KEYS = ()
CPUINFO = "/proc/cpuinfo"
MEMINFO = "/proc/meminfo"
OS_RELEASE = "/etc/os-release"
BOARD = "/proc/device-tree/model"
NVIDIA_DRIVER = "/proc/driver/nvidia/version"
JETSON_RELEASE = "/etc/nv_tegra_release"
GOVERNOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"


def run(job, result):
    """Fill the facts of `result`: machine, packages, backends. What is not there is None.

    The machine is the phone, where the job names one, and the fact `phone` its serial; packages and
    backends are those here.
    """
    facts = result["facts"]
    facts["packages"] = packages()
    facts["backends"] = {name: availability(name) for name in backends.names()}
    if job.get("phone") is None:
        facts["machine"] = machine()
        return
    with phones.Phone(job["phone"]["serial"]) as phone:
        facts["phone"] = {"serial": phone.serial}
        facts["machine"] = of_phone(phone)


def of_phone(phone):
    """Return the same as `machine` of an open phone; what it does not tell is None."""

    def told(name):
        return phone.text(["getprop", name])

    memory = re.search(r"^MemTotal:\s+(\d+) kB", phone.text(["cat", MEMINFO]) or "", re.MULTILINE)
    cores = phone.text(["nproc"])
    android = told("ro.build.version.release")
    maker = map(told, ("ro.product.manufacturer", "ro.product.model"))
    return {
        "architecture": phone.text(["uname", "-m"]),
        "board": " ".join(part for part in maker if part) or None,
        "cpu": told("ro.soc.model")
        or told("ro.board.platform")
        or cpu_model(phone.text(["cat", CPUINFO]) or ""),
        "cores": int(cores) if cores else None,
        "affinity": None,
        "memory_bytes": int(memory.group(1)) * 1024 if memory else None,
        "gpu": None,
        "driver": None,
        "kernel": phone.text(["uname", "-r"]),
        "os": "Android {}".format(android) if android else None,
        "governor": phone.text(["cat", GOVERNOR]),
        "load_average": None,
    }


def machine():
    """Return what the machine is and how it is set; memory in bytes, load over 1, 5, 15 minutes."""
    load = os.getloadavg() if hasattr(os, "getloadavg") else None
    memory = re.search(r"^MemTotal:\s+(\d+) kB", nodes.text(MEMINFO) or "", re.MULTILINE)
    return {
        "architecture": platform.machine(),
        "board": nodes.text(BOARD),
        "cpu": cpu_model(nodes.text(CPUINFO) or ""),
        "cores": os.cpu_count(),
        "affinity": backends.cpus(),
        "memory_bytes": int(memory.group(1)) * 1024 if memory else None,
        "gpu": gpu(),
        "driver": driver(nodes.text(NVIDIA_DRIVER) or "", nodes.text(JETSON_RELEASE) or ""),
        "kernel": platform.release(),
        "os": os_name(nodes.text(OS_RELEASE) or ""),
        "governor": nodes.text(GOVERNOR),
        "load_average": list(load) if load else None,
    }


def gpu():
    """Return the first CUDA device's name and compute capability, or None without one.

    An engine is built for these two: another of the same takes it as it is.
    """
    try:
        with cuda.Gpu() as found:
            return "{name}, compute capability {compute_capability}".format(**found.facts)
    except Exception:  # whatever the library or the driver raises
        return None


def driver(nvidia, jetson):
    """Return the version of the GPU's driver, or None without one.

    `nvidia` is the text of /proc/driver/nvidia/version ("NVRM version: NVIDIA UNIX x86_64 Kernel
    Module  535.104.05  ..."); on a Jetson the driver is the board's release, and `jetson` the text
    of /etc/nv_tegra_release ("# R32 (release), REVISION: 7.1, ...").
    """
    found = re.search(r"^NVRM version: .*?\s(\d+(?:\.\d+)+)\s", nvidia, re.MULTILINE)
    if found:
        return found.group(1)
    found = re.search(r"^# R(\d+) \(release\), REVISION: ([\d.]+)", jetson, re.MULTILINE)
    return "L4T {}.{}".format(*found.groups()) if found else None


def cpu_model(cpuinfo):
    """Return the CPU's name from the text of /proc/cpuinfo, or None.

    ARM kernels often give no name but the numbers of implementer and part, which stand for one
    (0x41, 0xd07: Cortex-A57), and on some boards the SoC's name as Hardware.
    """
    found = dict(re.findall(r"^([^:\n]*?)[ \t]*:[ \t]*(.*)$", cpuinfo, re.MULTILINE))
    name = found.get("model name")
    if name is None and "CPU part" in found:
        name = "ARM implementer {} part {}".format(found.get("CPU implementer"), found["CPU part"])
    return ", ".join(part for part in (found.get("Hardware"), name) if part) or None


def os_name(os_release):
    """Return PRETTY_NAME from the text of os-release, or None."""
    found = re.search(r"^PRETTY_NAME=[\"']?(.*?)[\"']?$", os_release, re.MULTILINE)
    return found.group(1) if found else None


def packages():
    """Return {name: version} of the interpreter's installed distributions, names normalised."""
    try:
        metadata = importlib.import_module("importlib.metadata")
    except ImportError:  # before Python 3.8
        return _from_pkg_resources()
    found = ((each.metadata["Name"], each.version) for each in metadata.distributions())
    return _sorted((name, version) for name, version in found if name)


def _from_pkg_resources():
    try:
        working_set = importlib.import_module("pkg_resources").working_set
    except ImportError:  # without setuptools nobody knows
        return {}
    return _sorted((each.project_name, each.version) for each in working_set)


def _sorted(found):
    normalised = ((re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in found)
    return dict(sorted(normalised))


def availability(name):
    """Import the library of a backend; {available: True, versions} or {available: False, reason}.

    Anything that importing foreign code can raise is a reason, not only ImportError.
    """
    try:
        return {"available": True, "versions": backends.load(name).versions()}
    except Exception as error:
        return {"available": False, "reason": outcomes.reason(error)}
