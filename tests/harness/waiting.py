"""Waiting for a condition, always with a deadline."""

import time


class DeadlinePassed(AssertionError):
    """The condition did not come true in time."""


def eventually(condition, within_s, what, every_s=0.02):
    """Calls `condition` until it gives something true, and returns that. `what` names the condition when it does not."""
    deadline = time.monotonic() + within_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise DeadlinePassed(f"not within {within_s} s: {what}; last seen: {found!r}")
        time.sleep(every_s)
