"""Waiting for a condition, always with a deadline."""

import time

# What comes at all comes within a minute, however busy the machine is. How fast something must be, a test asks of the
# times that the program itself recorded.
LEAST_S = 60


class DeadlinePassed(AssertionError):
    """The condition did not come true in time."""


def eventually(condition, within_s, what, every_s=0.02):
    """Calls `condition` until it gives something true, and returns that. `within_s` is how long that takes at most on a
    machine that does nothing else; `what` names the condition when it does not come true."""
    patience_s = max(within_s, LEAST_S)
    deadline = time.monotonic() + patience_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise DeadlinePassed(f"not within {patience_s} s: {what}; last seen: {found!r}")
        time.sleep(every_s)
