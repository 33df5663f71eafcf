"""In the image: what pictures and metrics need imports."""

import faster_coco_eval
import numpy
import PIL
import pycocotools.mask
import scipy.io

encoded = pycocotools.mask.encode(numpy.ones((2, 3), numpy.uint8, order="F"))
assert pycocotools.mask.area(encoded) == 6
print(numpy.__version__, scipy.__version__, PIL.__version__, faster_coco_eval.__version__)
