"""In the image: both engines import, and onnx, with which INT8 graphs are retyped."""

import onnx
import onnxruntime
import openvino

print(onnxruntime.__version__, openvino.__version__, onnx.__version__)
