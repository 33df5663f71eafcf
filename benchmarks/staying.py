"""The runner, but that the kernel chooses on which CPU a turn is: what rotation is held against."""

import sys

from retable_runner import __main__, rotation

rotation.keep_to = lambda cpus: []
sys.exit(__main__.main(sys.argv[1:]))
