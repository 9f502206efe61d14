"""The mistakes of a caller that only a resolver can see."""


class BadUserInput(Exception):
    """An argument that can't be right; the sentence is written for the caller.

    It never repeats the argument's value, which may come from a variable.
    """
