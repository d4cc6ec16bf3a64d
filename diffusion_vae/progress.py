"""A line on the terminal about what takes long, gone when it is done."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Literal

ERASE = "\r\x1b[2K"
WIDTH = 79

Verbosity = Literal["auto"] | bool | int


@contextlib.contextmanager
def telling(sentence: str = "", verbose: Verbosity = "auto") -> Iterator[Callable[[str], None]]:
    """Shows what is being done on standard error.

    Args:
        sentence: What is done.
        verbose: As in Keras: `"auto"` tells on a terminal only; `False` or 0 never; `True` or 1
            always, in a file a line for each sentence.

    Yields:
        A function that shows another sentence in place of the last.
    """
    stream = sys.__stderr__  # not what a bar redirects: this line stays its own
    terminal = stream is not None and stream.isatty()
    tells = terminal if verbose == "auto" else bool(verbose)

    def say(text: str) -> None:
        if tells and text and terminal and stream is not None:
            print(f"{ERASE}{text[:WIDTH]}", end="", file=stream, flush=True)
        elif tells and text:
            print(text, file=sys.stderr, flush=True)

    say(sentence)
    try:
        yield say
    finally:
        if tells and terminal and stream is not None:
            print(ERASE, end="", file=stream, flush=True)
