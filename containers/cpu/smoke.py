"""In the image: both engines import."""

import onnxruntime
import openvino

print(onnxruntime.__version__, openvino.__version__)
