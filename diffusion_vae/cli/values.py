"""Texts of the command line as values: numbers, sizes, `key=value`."""

import ast


def key_values(name, pairs):
    """`key=value` texts as a dictionary; values are numbers, None, True, or text."""
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise ValueError(f"Expected {name} KEY=VALUE. Received: {pair!r}.")
        try:
            options[key.replace("-", "_")] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[key.replace("-", "_")] = value
    return options


def numbers(name, text, kind, count=None):
    """Comma-separated numbers as a tuple."""
    try:
        values = tuple(kind(part) for part in text.split(","))
    except ValueError:
        values = ()
    if not values or (count is not None and len(values) != count):
        wanted = f"{count} numbers" if count else "whole numbers"
        raise ValueError(f"Expected {name} to be {wanted} joined by commas. Received: {text!r}.")
    return values


def sizes(name, text):
    """Sizes of the layers, such as `3,5x3,none`, as a tuple."""
    try:
        return tuple(None if part == "none" else _size(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            f"Expected {name} to be sizes such as 3 or 2x4 joined by commas. Received: {text!r}."
        ) from None


def _size(text):
    numbers = tuple(int(part) for part in text.split("x"))
    return numbers[0] if len(numbers) == 1 else numbers
