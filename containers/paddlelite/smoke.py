"""In the image: Paddle-Lite's optimiser loads."""

import numpy
from paddlelite import lite

print(lite.Opt().version(), numpy.__version__)
