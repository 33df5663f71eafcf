"""The verb `watch`: tell what the machine does while a session times its launches.

The work is a process of its own (`telemetry`); this one starts it, and waits for the session.
"""

from retable_runner import backends, conversation, telemetry
from retable_runner.errors import Unsupported

KEYS = ("interval_ms",)


def run(job, result):
    """Watch from the reply `ready` to the next command; fills the fact `telemetry`."""
    if job.get("phone") is not None:
        raise Unsupported("a phone is not watched while it is timed: each look would be its work")
    talk = conversation.opened(True)
    with telemetry.recording(job["interval_ms"], backends.cpus()) as recording:
        talk.say(ready=True)
        talk.hear()
    result["facts"]["telemetry"] = recording.result()
