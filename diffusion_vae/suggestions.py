"""What a misspelt name may have meant."""

import difflib


def did_you_mean(name, known):
    """A sentence that names the closest known name, after a space; else nothing."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
