"""The drain: between the word to stop and the end, while what is under way is finished."""


class Drain:
    """Whether this process is on its way out; it never comes back."""

    def __init__(self) -> None:
        self.begun = False

    def begin(self) -> None:
        """From now on nobody should send more."""
        self.begun = True
