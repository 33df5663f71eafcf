"""In the image: TensorRT-RTX, and pycuda on the GPU that the container was given."""

import numpy
import pycuda
import pycuda.driver
import tensorrt_rtx

pycuda.driver.init()
name = pycuda.driver.Device(0).name()
print(name, tensorrt_rtx.__version__, pycuda.VERSION_TEXT, numpy.__version__)
