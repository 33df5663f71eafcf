"""TensorRT on an NVIDIA GPU, from 8.0 (JetPack 4.6) to 11: see `retable_runner.trt`.

Engines are built on the GPU that they run on. FP16: up to TensorRT 8 by a flag on the FP32 graph
(the device's file says `precision_flags`), later by a graph that is in FP16 already.
"""

from retable_runner import cuda, device
from retable_runner.trt import build as building
from retable_runner.trt import engine

MEMORY = device


def versions():
    """Return the versions of TensorRT and of CUDA; ImportError without them."""
    return dict(cuda.versions(), tensorrt=_library().__version__)


def _library():
    import tensorrt

    return tensorrt


def build(sources, precision, options, folder):
    """Build for this GPU: see `retable_runner.trt.build`."""
    return building.build(_library(), sources, precision, options, folder)


def load(files, options, gpu):
    """Deserialize the engine: see `retable_runner.trt.engine`."""
    return engine.load(_library(), files, gpu)
