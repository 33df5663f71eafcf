"""A Jetson's GPU, memory and power rails: the files that tegrastats reads.

The names are those of the Nano and TX2 (JetPack 4), Xavier (4 and 5) and Orin (5 and 6), after the
Jetson Linux Developer Guide's "Platform Power and Performance" and jetson-stats; the INA3221's are
docs.kernel.org/hwmon/ina3221.html. Temperatures are the source `thermal`'s.
"""

import os

from retable_runner.errors import Unavailable
from retable_runner.telemetry import nodes

GPUS = "sys/class/devfreq"
GPU = r"[0-9a-f]+\.(gpu|gp10b|gv11b|ga10b)"  # 57000000.gpu, 17000000.gv11b, 17000000.ga10b
EMC = (  # the memory's clock, for root: by the boot processor's firmware, or by the kernel
    "sys/kernel/debug/bpmp/debug/clk/emc/rate",
    "sys/kernel/debug/clk/emc/clk_rate",
    "sys/kernel/debug/clk/override.emc/clk_rate",
)
I2C = "sys/bus/i2c/devices"
HWMON = "sys/class/hwmon"
OVERCURRENT = "soctherm_oc"  # events on which Orin's hardware throttles: under-voltage, average
# over-current, instantaneous over-current
HZ_A_MHZ = 1000000
MILLI = 1000


def open(watched):
    """Open what there is; Unavailable with neither a GPU nor power rails."""
    gpu = _gpu(watched.root)
    rails = _rails(watched.root)
    if not gpu and not rails:
        raise Unavailable("no Jetson: no GPU in /sys/class/devfreq, no INA3221 on the I2C buses")
    return Source(gpu, _emc(watched.root), rails, _events(watched.root))


class Source(object):
    """Clocks in MHz, load as a share, rails in watts, counts of over-current events.

    Facts: the GPU's governor and range, `locked_gpu_clock_mhz` where the range is one frequency.
    """

    def __init__(self, gpu, emc, rails, events):
        readings = []
        self.facts = {}
        if gpu:
            readings.append(("gpu_clock_mhz", _reading(gpu, "cur_freq", HZ_A_MHZ)))
            readings.append(("gpu_load_share", _reading(gpu, "device/load", MILLI)))
            self.facts.update(_gpu_facts(gpu))
        readings.append(("emc_clock_mhz", emc))
        readings += rails + events
        self.columns = [column for column, reading in readings if reading]
        self._readings = [reading for _, reading in readings if reading]

    def read(self, t_s):
        """Return the row's values."""
        return [reading() for reading in self._readings]


def _gpu(root):
    found = nodes.folders(os.path.join(root, GPUS), GPU)
    return found[0] if found else None


def _gpu_facts(folder):
    lowest, highest = (
        nodes.number(os.path.join(folder, name), HZ_A_MHZ) for name in ("min_freq", "max_freq")
    )
    return {
        "gpu": os.path.basename(folder),
        "governor": nodes.text(os.path.join(folder, "governor")),
        "lowest_gpu_clock_mhz": lowest,
        "highest_gpu_clock_mhz": highest,
        "locked_gpu_clock_mhz": highest if lowest == highest else None,
    }


def _emc(root):
    found = (_reading(root, path, HZ_A_MHZ) for path in EMC)
    return next((reading for reading in found if reading), None)


def _rails(root):
    """Return (column, reading in watts) of the rails of every INA3221."""
    rails = []
    for chip in nodes.folders(os.path.join(root, I2C), r"\d+-\d+"):
        if "ina3221" in (nodes.text(os.path.join(chip, "name")) or ""):
            for folder in nodes.folders(chip, r"iio:device\d+"):
                rails += _iio_rails(folder)
            for folder in nodes.folders(os.path.join(chip, "hwmon"), r"hwmon\d+"):
                rails += _hwmon_rails(folder)
    return rails


def _iio_rails(folder):
    """Return the rails as JetPack 4's own driver has them: names, and milliwatts."""
    rails = []
    for path in nodes.folders(folder, r"rail_name_\d+"):
        number = path.rpartition("_")[2]
        rails.append((nodes.text(path), _reading(folder, "in_power{}_input".format(number), MILLI)))
    return [("{}_w".format(name), reading) for name, reading in rails if name and reading]


def _hwmon_rails(folder):
    """Return the rails as Linux's driver has them: labels, millivolts and milliamperes."""
    rails = []
    for channel in (1, 2, 3):  # the seventh is a sum of shunt voltages
        name = nodes.text(os.path.join(folder, "in{}_label".format(channel)))
        volts = _reading(folder, "in{}_input".format(channel), MILLI)
        amperes = _reading(folder, "curr{}_input".format(channel), MILLI)
        if name and name != "NC" and volts and amperes:  # NC: not connected
            rails.append(("{}_w".format(name), _product(volts, amperes)))
    return rails


def _events(root):
    events = []
    for folder in nodes.folders(os.path.join(root, HWMON), r"hwmon\d+"):
        if nodes.text(os.path.join(folder, "name")) == OVERCURRENT:
            for path in nodes.folders(folder, r"oc\d+_event_cnt"):
                column = os.path.basename(path).replace("_event_cnt", "_events")
                events.append((column, _reading(folder, os.path.basename(path), 1)))
    return events


def _reading(folder, name, scale):
    """Return what reads the number in a file, or None where there is no such file."""
    node = nodes.opened(os.path.join(folder, name))
    return (lambda: node.number(scale)) if node else None


def _product(one, other):
    def product():
        factors = one(), other()
        return None if None in factors else factors[0] * factors[1]

    return product
