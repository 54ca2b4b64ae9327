"""What went wrong, in one sentence for the person at the terminal."""


class Problem(Exception):
    pass
