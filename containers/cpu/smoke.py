"""In the image: both engines import, onnx, which retypes INT8 graphs, and what follows in torch."""

import onnx
import onnxruntime
import openvino
import torch

print(onnxruntime.__version__, openvino.__version__, onnx.__version__, torch.__version__)
