"""Why a command of `python -m server` cannot be done."""


class CommandError(Exception):
    """The command cannot be done; the text is for the person who gave it."""
