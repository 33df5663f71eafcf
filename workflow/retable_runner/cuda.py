"""The CUDA layer: what every backend of an NVIDIA GPU is timed with, by pycuda's driver API.

The context is the device's primary one, which the CUDA runtime uses too: so the memory and the
streams made here are those that ONNX Runtime, torch and TensorRT can be given.
"""

import collections

from retable_runner.errors import Unavailable

DEVICE = 0  # of those that CUDA_VISIBLE_DEVICES lets through

Port = collections.namedtuple("Port", "name dtype shape")  # of an engine: one input or output


class Gpu(object):
    """The first GPU while the `with` block lasts: a stream, and memory beside host memory.

    `stream` is the one on which engines work, `handle` its CUstream as an int, `facts` what the
    device is. ImportError without pycuda or the driver; Unavailable without a device.
    """

    def __init__(self):
        import pycuda.driver

        self._driver = pycuda.driver
        try:
            self._driver.init()
            self._device = self._driver.Device(DEVICE)
            self._context = self._device.retain_primary_context()
        except self._driver.Error as error:
            raise Unavailable("no CUDA device to be had: {}".format(error)) from error
        self.facts = _facts(self._driver, self._device)
        self.stream = None
        self.handle = None

    def __enter__(self):
        self._context.push()
        self.stream = self.new_stream()
        self.handle = self.stream.handle
        return self

    def __exit__(self, *_):
        # Left on the stack, the context would abort the process when it ends.
        try:
            self.synchronize()
        finally:
            self._context.pop()

    def synchronize(self):
        """Wait for all that was asked of the GPU, on every stream."""
        self._context.synchronize()

    def new_stream(self):
        """Return another stream: `handle`, `synchronize()`, `wait_for_event(event)`."""
        return self._driver.Stream()

    def event(self):
        """Return an event: `record(stream)`, `synchronize()`, `time_till(event)` in ms."""
        return self._driver.Event()

    def pinned(self, shape, dtype):
        """Return a host array that the GPU can read and write while the host goes on."""
        return self._driver.pagelocked_empty(shape, dtype)

    def allocate(self, size_bytes):
        """Return device memory; `int()` of it is its address. It lives as long as the object."""
        return self._driver.mem_alloc(max(1, size_bytes))

    def send(self, address, array, stream):
        """Copy a pinned array to device memory, asynchronously on `stream`."""
        self._driver.memcpy_htod_async(address, array, stream)

    def receive(self, array, address, stream):
        """Copy device memory to a pinned array, asynchronously on `stream`."""
        self._driver.memcpy_dtoh_async(array, address, stream)


def versions():
    """Return the versions of pycuda, of the CUDA driver's interface, and of CUDA as it was built.

    ImportError without pycuda or the driver's library.
    """
    import pycuda
    import pycuda.driver

    return {
        "pycuda": pycuda.VERSION_TEXT,
        "cuda-driver": _version(pycuda.driver.get_driver_version()),
    }


def _facts(driver, device):
    attribute = driver.device_attribute
    return {
        "name": device.name(),
        "compute_capability": "{}.{}".format(*device.compute_capability()),
        "memory_bytes": int(device.total_memory()),
        "multiprocessors": device.get_attribute(attribute.MULTIPROCESSOR_COUNT),
        "bus": device.pci_bus_id(),
    }


def _version(number):
    """Return 13000 as "13.0", which is how CUDA counts."""
    return "{}.{}".format(number // 1000, number % 1000 // 10)
