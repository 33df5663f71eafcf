"""In the image: what exports imports."""

import onnx
import onnxruntime
import torch

print(torch.__version__, onnx.__version__, onnxruntime.__version__)
