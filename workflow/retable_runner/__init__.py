"""What runs in a device's environment: build an engine, time it, tell what the machine is.

A job file goes in, a result file comes out; this package never imports the host's. It needs the
standard library and numpy, from Python 3.6 on (JetPack 4.6); each file in `backends/` imports its
own library, inside its functions.
"""
