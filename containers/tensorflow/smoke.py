"""In the image: TensorFlow, the exporter to ONNX, and the Object Detection API."""

import onnx
import onnxruntime
import tensorflow
import tf2onnx
from google.protobuf import text_format
from object_detection import exporter_lib_v2
from object_detection.builders import model_builder
from object_detection.protos import pipeline_pb2

pipeline = pipeline_pb2.TrainEvalPipelineConfig()
text_format.Parse("model { ssd { num_classes: 90 } }", pipeline)
assert pipeline.model.ssd.num_classes == 90 and model_builder and exporter_lib_v2
print(tensorflow.__version__, tf2onnx.__version__, onnx.__version__, onnxruntime.__version__)
