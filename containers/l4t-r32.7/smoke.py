"""In the image: TensorRT, and pycuda on the GPU that the container was given."""

import numpy
import pycuda
import pycuda.driver
import tensorrt

pycuda.driver.init()
print(pycuda.driver.Device(0).name(), tensorrt.__version__, pycuda.VERSION_TEXT, numpy.__version__)
