"""What a launch hears from the session that conducts it, and what it answers.

The session has several launches loaded at a time (with them their first call, where that chooses
nothing by time), lets one after the other warm up, and gives them turns: while one runs, the others
wait here, blocked, and use nothing. A command is a line on stdin, a reply one JSON object a line on
what was stdout when the process began; libraries that print are led to stderr.
"""

import json
import os
import sys

WARM = "warm"  # run, if not before then for the first time, until it is steady
TURN = "turn"  # measure for a while, then say whether that is enough
FINISH = "finish"  # no more turns: time what has a pass of its own, then wait
END = "end"  # nobody times any more: leave the result


class Abandoned(Exception):  # noqa: N818 - what happened
    """The session is gone: there is nobody to measure for."""


class Conducted(object):
    """The conversation with a session at the other end of two pipes."""

    def __init__(self):
        sys.stdout.flush()
        self._replies = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)

    def say(self, **reply):
        """Send a reply.

        {"loaded": true}, {"ready": true} when warm, {"enough": bool} by turn, {"finished": true}.
        """
        self._replies.write(json.dumps(reply) + "\n")
        self._replies.flush()

    def hear(self):
        """Wait for the next command and return it; Abandoned where no other will come."""
        line = sys.stdin.readline()
        if not line:
            raise Abandoned("the session that conducts this launch is gone")
        return line.strip()


class Alone(object):
    """Nobody conducts: each command follows from its own last reply."""

    def __init__(self):
        self._next = None

    def say(self, **reply):
        """Listen to its own reply."""
        if "loaded" in reply:
            self._next = WARM
        elif "finished" in reply:
            self._next = END
        else:
            self._next = FINISH if reply.get("enough") else TURN

    def hear(self):
        """Return the command that follows."""
        return self._next


def opened(conducted):
    """Return the conversation of a launch: with its session, or with itself."""
    return Conducted() if conducted else Alone()
