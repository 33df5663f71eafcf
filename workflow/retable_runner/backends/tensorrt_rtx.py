"""TensorRT-RTX: TensorRT for GeForce and RTX GPUs, whose engines need no GPU to be built.

With the option `compute_capability` ("8.6") they are built ahead of time, on any machine. What is
left to compile for the very GPU is compiled when an engine is loaded, before anything is timed.
The same code as TensorRT's: see `retable_runner.trt`.
"""

from retable_runner import cuda, device
from retable_runner.trt import build as building
from retable_runner.trt import engine

MEMORY = device


def versions():
    """Return the versions of TensorRT-RTX and, where it is there, of CUDA; ImportError without it.

    Building needs no pycuda and no driver.
    """
    library = _library()
    try:
        found = cuda.versions()
    except ImportError:
        found = {}
    return dict(found, **{"tensorrt-rtx": library.__version__})


def _library():
    import tensorrt_rtx

    return tensorrt_rtx


def build(sources, precision, options, folder):
    """Build for the GPU that the options name, or this one: see `retable_runner.trt.build`."""
    # No timings: it times no tactics while it builds, and keeps none (deprecated in its 1.2).
    return building.build(_library(), sources, precision, options, folder, keeps_timings=False)


def load(files, options, gpu):
    """Deserialize the engine: see `retable_runner.trt.engine`."""
    return engine.load(_library(), files, gpu)
