"""In the image: what exports imports; and Paddle Inference runs."""

# Imported behind Paddle, these end the process.
import PIL.Image  # isort: skip
import sklearn.metrics  # isort: skip

import onnxruntime
import paddle
import paddle2onnx
import paddleseg
import ppdet
from paddle import inference

config = inference.Config()
config.enable_mkldnn()
print(PIL.Image.__version__, sklearn.__version__, onnxruntime.__version__, paddle2onnx.__version__)
print(paddle.__version__, paddleseg.__version__, ppdet.__version__)
if not config.mkldnn_enabled():
    raise SystemExit(f"paddlepaddle {paddle.__version__} is built without oneDNN")
