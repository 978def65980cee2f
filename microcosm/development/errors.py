"""What can be wrong with a developer's machine or settings; each is shown as one line."""


class DevelopmentError(Exception):
    """Something about this machine or its settings stops the start; its text is one line for a person."""
