"""What a misspelt name may have meant."""

import difflib


def did_you_mean(name, known):
    """A sentence that names the closest known name, after a space; else nothing."""
    names = [each for each in known if isinstance(each, str)]
    close = difflib.get_close_matches(name, names, n=1) if isinstance(name, str) else []
    return f" Did you mean {close[0]!r}?" if close else ""


def require_keras_name(name, value, module):
    """Keras's object of that name, as `module.get` finds it, or says what is near.

    Args:
        name: What the value is called in the error.
        value: A name, or what else Keras takes in its place.
        module: `keras.activations`, `keras.initializers` or `keras.optimizers`.

    Raises:
        ValueError: If Keras does not know it.
    """
    try:
        return module.get(value)
    except (ValueError, TypeError) as error:
        known = {each.lower() for each in dir(module) if not each.startswith("_")}
        raise ValueError(
            f"Expected `{name}` to be a name in `keras.{module.__name__.rpartition('.')[2]}`. "
            f"Received: {value!r}.{did_you_mean(value, sorted(known))}"
        ) from error


def require_choice(name, value, choices, also=""):
    """Returns `value` if it is among `choices`, or says what is.

    Args:
        name: What the value is called in the error.
        value: What was given.
        choices: The known names.
        also: What else may be given, the end of the sentence that lists the names.

    Raises:
        ValueError: If it is not among them; names the nearest.
    """
    known = tuple(choices)
    if not any(value is each or (type(value) is type(each) and value == each) for each in known):
        raise ValueError(
            f"Expected `{name}` to be one of {known}{also}. Received: {value!r}."
            f"{did_you_mean(value, known)}"
        )
    return value
