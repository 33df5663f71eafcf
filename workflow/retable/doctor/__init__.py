"""`python -m retable doctor --device X`: what is missing here, or will disturb, and what mends it.

A check is one file in `checks/`, found by listing: `findings(device, readings)` judges what it
reads through `readings.Readings`, so that it can be fed with what was read elsewhere.
"""
