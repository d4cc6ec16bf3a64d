"""Which stored number is white: the one rule by which data of whole numbers become [0, 1]."""

import warnings
from collections.abc import Iterable

import numpy as np
from numpy.typing import DTypeLike

WHITES = (255, 1023, 4095, 16383, 65535)  # of 8, 10, 12, 14 and 16 bits
FEW = 32  # grey levels: numbers below it are counted in levels of their own, as 0, ..., 16
IN_IMAGE_FILES = 2  # there 255 is white, but for masks of 0 and 1


class ValueRangeWarning(UserWarning):
    """How stored whole numbers were brought to [0, 1], where that is not a matter of course.

    Example:
        >>> import tempfile, warnings
        >>> import numpy as np
        >>> from diffusion_vae import datasets
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pictures = np.eye(8, dtype="uint8")[None, :, :, None].repeat(4, axis=0)
        ...     np.savez(f"{folder}/eyes.npz", imgs=pictures)
        ...     with warnings.catch_warnings(record=True) as told:
        ...         warnings.simplefilter("always", datasets.ValueRangeWarning)
        ...         data = datasets.load(f"{folder}/eyes.npz", test_fraction=0.25)
        >>> told[0].category.__name__, float(data.train.max())
        ('ValueRangeWarning', 1.0)
    """


def find_white(dtype: DTypeLike, blocks: Iterable[np.ndarray], name: str, few: int = FEW) -> float:
    """The stored number that becomes 1, by the range of the numbers.

    The type of an array says little: pictures of 0 and 1 are published as uint8, those of 0
    to 255 as int64, and those of 12 bits as uint16. What is not the usual uint8 of 0 to 255 is
    said in a `ValueRangeWarning`.

    | numbers | become 1 |
    |---|---|
    | bool; whole, 0 and 1 | 1 |
    | whole, below 32 (in image files below 2) | the largest |
    | whole, up to 65535 | the first of 255, 1023, 4095, 16383, 65535 that none exceeds |
    | whole, but negative or larger; floats | 1: they are left as they are |

    Args:
        dtype: Type of the stored numbers.
        blocks: Parts of them, arrays `[n, ...]`. Of one byte a number they are read until one
            is `few` or more, else all are.
        name: What the numbers are, for the warning.
        few: Numbers below it are levels of their own. `IN_IMAGE_FILES` is that of decoded image
            files, whose format makes 255 white.

    Returns:
        What the numbers are to be divided by.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets.value_range import find_white
        >>> find_white("uint8", [np.array([[0, 255]])], "the pictures")
        255.0
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return 1.0
    if dtype.kind not in "ui":
        if dtype.kind == "f" and all(map(_look_like_greys, blocks)):
            _say(name, dtype, "are whole ones beyond 1: left as they are; divide greys by 255")
        return 1.0
    low, high = 0.0, 0.0
    for block in blocks:
        if block.size:
            low, high = min(low, float(block.min())), max(high, float(block.max()))
        if dtype == np.uint8 and high >= few:
            return 255.0
    if low < 0 or high > WHITES[-1]:
        _say(name, dtype, f"go from {low:g} to {high:g}: left as they are")
        return 1.0
    if high == 0:
        return 255.0
    if high == 1:
        _say(name, dtype, "reach only 1: taken as binary")
        return 1.0
    white = high if high < few else float(next(each for each in WHITES if each >= high))
    _say(name, dtype, f"reach {'only ' if high < few else ''}{high:g}: divided by {white:g}")
    return white


def _look_like_greys(block: np.ndarray) -> bool:
    """Whether floats are pictures of whole numbers such as 0, ..., 255."""
    if block.ndim < 3 or block.size == 0 or not np.all(block[0] == np.rint(block[0])):
        return False
    return bool(block.min() >= 0 and block.max() >= FEW and np.all(block == np.rint(block)))


def _say(name: str, dtype: np.dtype, what: str) -> None:
    warnings.warn(f"The {dtype} values of {name} {what}.", ValueRangeWarning, stacklevel=3)
