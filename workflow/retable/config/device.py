"""config/devices/*.yaml: what a device is, and which backend plays which role on it."""

from typing import Literal

from retable.config.entry import Entry, Name, PluginName, Scalar

Role = Literal["engine", "native", "native-cpu", "mobile"]
Precision = Literal["fp32", "fp16", "int8"]


class DeviceBackend(Entry):
    """A library on the device, the roles it plays there, and what it can be asked for."""

    roles: list[Role]
    environment: Name
    precisions: list[Precision]
    unsupported: dict[Precision, str] = {}  # precision -> why the report shows no number for it
    precision_flags: list[Precision] = []  # set by a flag at build time, on the FP32 graph
    options: dict[str, Scalar] = {}


class Device(Entry):
    """One device. `memory` says where inputs and outputs live: `host` means no transfers."""

    device: Name
    title: str
    architecture: Literal["any", "x86_64", "aarch64"]
    runtime: Literal["venv", "host", "docker", "adb"]
    memory: Literal["host", "device"]
    memory_limit_mib: int | None = None
    power_mode: str | None = None
    notes: list[str] = []
    backends: dict[PluginName, DeviceBackend]
