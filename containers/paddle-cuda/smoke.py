"""In the image: Paddle finds the GPU that the container was given, and TensorRT."""

import paddle
from paddle import inference

if not paddle.device.cuda.device_count():
    raise SystemExit(f"paddlepaddle {paddle.__version__} finds no GPU")
print(paddle.__version__, paddle.version.cuda(), paddle.device.cuda.get_device_name())
print("TensorRT", inference.get_trt_compile_version(), inference.get_trt_runtime_version())
