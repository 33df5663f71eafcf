"""An NVIDIA GPU, by NVML through nvidia-ml-py (docs.nvidia.com/deploy/nvml-api).

NVML counts all GPUs in the order of their buses; the GPU here is the one that CUDA numbers 0. Where
the visible GPUs are of several kinds, CUDA's default order differs from NVML's: `facts["bus"]` says
which it was. NVML has no reading of the range that `nvidia-smi --lock-gpu-clocks` set.
"""

import os

from retable_runner.errors import Unavailable

MILLI = 1000


def open(watched):
    """Find the GPU; ImportError without the package, Unavailable without driver or GPU."""
    import pynvml as nvml

    try:
        nvml.nvmlInit()
        return Source(nvml, first_visible(nvml, os.environ.get("CUDA_VISIBLE_DEVICES")))
    except nvml.NVMLError as error:
        raise Unavailable("NVML: {}".format(error)) from None


def first_visible(nvml, visible):
    """Return the handle of the first GPU that CUDA_VISIBLE_DEVICES names: a number or a UUID."""
    first = (visible or "0").split(",")[0].strip()
    if first.isdigit():
        return nvml.nvmlDeviceGetHandleByIndex(int(first))
    return nvml.nvmlDeviceGetHandleByUUID(first)


class Source(object):
    """Clocks in MHz, watts, degrees Celsius, the bits of the reasons for lower clocks, GPU load.

    What this GPU does not tell is no column; `facts["absent"]` says why.
    """

    def __init__(self, nvml, gpu):
        self._error = nvml.NVMLError
        self._readings = []
        self.columns = []
        self.facts = dict(_facts(nvml, gpu), absent={})
        for column, reading in _readings(nvml, gpu):
            try:
                reading()
            except nvml.NVMLError as error:
                self.facts["absent"][column] = str(error)
            else:
                self.columns.append(column)
                self._readings.append(reading)
        if not self.columns:
            raise Unavailable("NVML tells nothing of this GPU: {}".format(self.facts["absent"]))

    def read(self, t_s):
        """Return the row's values."""
        return [self._value(reading) for reading in self._readings]

    def _value(self, reading):
        try:
            return reading()
        except self._error:
            return None


def _readings(nvml, gpu):
    reasons = _clock_event_reasons(nvml)
    return [
        ("sm_clock_mhz", lambda: nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_SM)),
        ("memory_clock_mhz", lambda: nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_MEM)),
        ("power_w", lambda: nvml.nvmlDeviceGetPowerUsage(gpu) / MILLI),
        ("gpu_c", lambda: nvml.nvmlDeviceGetTemperature(gpu, nvml.NVML_TEMPERATURE_GPU)),
        ("clock_event_reasons", lambda: reasons(gpu)),
        ("gpu_load_share", lambda: nvml.nvmlDeviceGetUtilizationRates(gpu).gpu / 100),
    ]


def _clock_event_reasons(nvml):
    """Return the function that this driver has: "event" is the newer name for "throttle".

    An older package does not know the newer, an older driver says that it does not.
    """
    newer = getattr(nvml, "nvmlDeviceGetCurrentClocksEventReasons", None)
    older = nvml.nvmlDeviceGetCurrentClocksThrottleReasons

    def either(gpu):
        try:
            return newer(gpu)
        except nvml.NVMLError_FunctionNotFound:
            return older(gpu)

    return either if newer else older


def _facts(nvml, gpu):
    """Return what the GPU is and how it is set; None for what it does not tell.

    `locked_sm_clock_mhz`: the applications clock, where it was set to another than the default.
    """

    def told(name, *arguments):
        try:
            return getattr(nvml, name)(*arguments)
        except (AttributeError, nvml.NVMLError):
            return None

    limit_mw = told("nvmlDeviceGetEnforcedPowerLimit", gpu)
    persistence = told("nvmlDeviceGetPersistenceMode", gpu)
    bus = told("nvmlDeviceGetPciInfo", gpu)
    set_mhz = told("nvmlDeviceGetApplicationsClock", gpu, nvml.NVML_CLOCK_SM)
    default_mhz = told("nvmlDeviceGetDefaultApplicationsClock", gpu, nvml.NVML_CLOCK_SM)
    return {
        "name": told("nvmlDeviceGetName", gpu),
        "bus": bus and _text(bus.busId),
        "driver": told("nvmlSystemGetDriverVersion"),
        "power_limit_w": limit_mw and limit_mw / MILLI,
        "max_sm_clock_mhz": told("nvmlDeviceGetMaxClockInfo", gpu, nvml.NVML_CLOCK_SM),
        "applications_sm_clock_mhz": set_mhz,
        "locked_sm_clock_mhz": set_mhz if set_mhz != default_mhz else None,
        "persistence_mode": None if persistence is None else bool(persistence),
    }


def _text(text):
    return text.decode("ascii", "replace") if isinstance(text, bytes) else text
