"""What the machine and the interpreter are."""

import sys

import numpy as np
import pytest

from retable_runner import backends, probe

X86 = "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Processor\nflags\t\t: fpu vme\n"
JETSON_NANO = (
    "processor\t: 0\nmodel name\t: ARMv8 Processor rev 1 (v8l)\nCPU implementer\t: 0x41\n"
    "CPU part\t: 0xd07\n"
)
ARM_SERVER = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\nCPU revision\t: 1\n"
PHONE = "Processor\t: AArch64\nCPU implementer\t: 0x51\nCPU part\t: 0x801\nHardware\t: SDM660\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (X86, "Intel(R) Xeon(R) Processor"),
        (JETSON_NANO, "ARMv8 Processor rev 1 (v8l)"),
        (ARM_SERVER, "ARM implementer 0x41 part 0xd0c"),
        (PHONE, "SDM660, ARM implementer 0x51 part 0x801"),
        ("", None),
    ],
)
def test_the_cpu_has_a_name_on_every_architecture(text, name):
    assert probe.cpu_model(text) == name


@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_the_system_has_its_pretty_name(quote):
    text = f"NAME=x\nPRETTY_NAME={quote}Ubuntu 18.04.6 LTS{quote}\nID=ubuntu"
    assert probe.os_name(text) == "Ubuntu 18.04.6 LTS"


def test_a_probe_tells_machine_packages_and_backends(runner):
    result = runner.result({"schema": "retable/probe-job/1"})
    facts = result["facts"]
    assert result["outcome"] == "ok"
    assert result["versions"]["python"] == sys.version.split()[0]
    assert facts["machine"]["cores"] >= len(facts["machine"]["affinity"]) >= 1
    assert facts["machine"]["memory_bytes"] > 1 << 28
    assert facts["packages"]["numpy"] == np.__version__
    assert list(facts["backends"]) == backends.names()
    assert facts["backends"]["null"] == {"available": True, "versions": {}}


def test_a_missing_library_is_a_reason(runner):
    found = runner.result({"schema": "retable/probe-job/1"})["facts"]["backends"]
    assert found["openvino"] == {"available": False, "reason": "No module named 'openvino'"}


def test_a_library_that_breaks_at_import_is_a_reason_too(runner):
    (runner.folder / "onnxruntime.py").write_text("raise ValueError('numpy of another ABI')")
    runner.environment["PYTHONPATH"] += ":" + str(runner.folder)
    found = runner.result({"schema": "retable/probe-job/1"})["facts"]["backends"]
    assert found["onnxruntime"] == {"available": False, "reason": "numpy of another ABI"}


@pytest.mark.real
def test_the_cpu_environment_has_both_backends(cpu_runner):
    found = cpu_runner.result({"schema": "retable/probe-job/1"})["facts"]["backends"]
    assert set(found["onnxruntime"]["versions"]) == {"onnxruntime"}
    assert set(found["openvino"]["versions"]) == {"openvino"}


@pytest.mark.parametrize(
    ("nvidia", "jetson", "version"),
    [
        (
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC"
            " 2023\nGCC version:  gcc version 12.2.0\n",
            "",
            "535.104.05",
        ),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build"
            "  (dvs-builder@U22)\nGCC version:  gcc version 12.3.0\n",
            "",
            "580.65.06",
        ),
        (
            "",
            "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t210ref, EABI: aarch64",
            "L4T 32.7.1",
        ),
        ("", "", None),
    ],
)
def test_the_gpus_driver_is_told(nvidia, jetson, version):
    assert probe.driver(nvidia, jetson) == version
