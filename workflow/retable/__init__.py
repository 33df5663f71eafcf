"""The host package: it plans, starts every step, and turns records into reports."""
