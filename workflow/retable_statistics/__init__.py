"""The maths of samples: pure functions of arrays, without clock, file or device.

Both the host package and the device's runner import it; it imports neither, and needs the standard
library and numpy alone, from Python 3.6 and numpy 1.13 on (JetPack 4.6). A series has the samples
of one launch in the order they came; samples are milliseconds unless said, but nothing here depends
on the unit. Every function refuses samples that are empty, not finite, or not of one dimension with
a ValueError.
"""
