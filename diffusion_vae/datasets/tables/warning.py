"""What is said of a table where its meaning had to be guessed."""

import warnings


class TableWarning(UserWarning):
    """How a table was read, where that is not a matter of course.

    Example:
        >>> import warnings
        >>> import numpy as np
        >>> from diffusion_vae import datasets
        >>> x = np.random.default_rng(0).normal(size=(5, 2))
        >>> with warnings.catch_warnings(record=True) as told:
        ...     warnings.simplefilter("always", datasets.TableWarning)
        ...     values, names = datasets.as_examples(np.column_stack([np.arange(5), x]))
        >>> told[0].category.__name__
        'TableWarning'
    """


def say(sentence: str) -> None:
    """Warns with a sentence about a table."""
    warnings.warn(sentence, TableWarning, stacklevel=3)
