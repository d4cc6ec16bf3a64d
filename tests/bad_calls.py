"""Tables of bad calls: what is called, which error it must be, what its sentence must say.

CASES = [bad("a dimension of zero", lambda: Sphere(0), ValueError, "`dim`", "Received: 0")]

@each_bad(CASES)
def test_bad_calls(case):
    case.check()
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

# A sentence starts with what was expected (or, for names and files, what there is not).
STARTS = ("Expected ", "Unknown ", "There is no ", "Could not read ")
LONGEST = 900  # characters: a list of names, but no dump of an array


@dataclass(frozen=True)
class BadCall:
    """One row of a table.

    Attributes:
        name: Id of the test.
        call: Makes the bad call.
        error: Type that it must raise, itself and not a subclass that the backend brings.
        expected: Part of the sentence that says what was expected.
        received: Part that says what was received: after the word, where there is one.
    """

    name: str
    call: Callable
    error: type
    expected: str
    received: str

    def check(self):
        """Makes the call and looks at the error and its sentence."""
        with pytest.raises(self.error) as caught:
            self.call()
        sentence = str(caught.value)
        assert type(caught.value) is self.error, sentence
        assert sentence.startswith(STARTS), sentence
        assert "\n" not in sentence and len(sentence) < LONGEST, sentence
        assert self.expected in sentence, sentence
        assert self.received in (sentence.partition("Received")[2] or sentence), sentence


def each_bad(cases):
    """Runs a test once for each row of a table, as its argument `case`."""
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


bad = BadCall
