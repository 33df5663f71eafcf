"""In the image: both engines import, and what follows them in torch."""

import onnxruntime
import openvino
import torch

print(onnxruntime.__version__, openvino.__version__, torch.__version__)
