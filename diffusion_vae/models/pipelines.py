"""Sources of batches: what their elements are, looked at once before training."""

import contextlib
import itertools
import types
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from diffusion_vae.models.data import check_dense, is_dataset, is_loader
from diffusion_vae.models.inputs import is_named
from diffusion_vae.typing import Shape

DATASET = "`map` the pipeline first, such as `data.map(lambda element: {})`."
OTHERS = "Let it give {} alone."
REARRANGING = ("Unbatch", "FlatMap", "Interleave")


def is_source(value: Any) -> bool:
    """Whether this gives batches that can be read one after the other."""
    kinds = (keras.utils.PyDataset, types.GeneratorType)
    return isinstance(value, kinds) or is_dataset(value) or is_loader(value)


def first_element(source: Any) -> tuple[Any, Any]:
    """The first element of a source, and the source with all its elements.

    A `tf.data.Dataset` knows of what its elements are: their specification stands in for them.
    Nothing is read from sources for which that would cost much, or spoil them.

    Returns:
        The element, or `None` if it was not read; and what to train on.
    """
    if is_dataset(source):
        return source.element_spec, source
    if isinstance(source, keras.utils.PyDataset):
        return source[0], source
    if isinstance(source, types.GeneratorType):
        try:
            first = next(source)
        except StopIteration:
            raise ValueError(
                "Expected at least one batch. Received: an empty generator."
            ) from None
        return first, _chained(first, source)
    if is_loader(source) and source.num_workers == 0:
        with _torch_seed_kept(source):
            return next(iter(source)), source
    return None, source


def parts_of(name: str, element: Any) -> tuple[Any, ...]:
    """x, target and weights of an element, as Keras takes it apart.

    Raises:
        ValueError: If the element has no parts or more than three.
    """
    if isinstance(element, list):
        element = tuple(element)
    if not isinstance(element, tuple):
        return (element,)
    if not 1 <= len(element) <= 3:
        raise ValueError(
            f"Expected the elements of `{name}` to be x, (x,), (x, y) or (x, y, sample_weight). "
            f"Received: tuples of {len(element)}."
        )
    return element


def check_part(name: str, part: Any, source: Any) -> None:
    """Raises `ValueError` unless a part of an element is one dense array."""
    remedy = DATASET if is_dataset(source) else OTHERS
    if isinstance(part, dict):
        keys = [str(key) for key in part]
        raise ValueError(
            f"Expected the elements of `{name}` to be arrays [batch, ...]. Received: "
            f"dictionaries with {keys}. "
            + remedy.format(f"element[{keys[0]!r}]" if keys else "element[key]")
        )
    if isinstance(part, (tuple, list)):
        raise ValueError(
            f"Expected the elements of `{name}` to be arrays [batch, ...], one array an example. "
            f"Received: {len(part)} arrays an example. " + remedy.format("element[0]")
        )
    check_dense(name, part)
    swapped = isinstance(part, np.ndarray) and not part.dtype.isnative
    if swapped and keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Expected the arrays of `{name}` to be in this machine's byte order. Received: "
            f"{part.dtype.str}. Let it give `array.astype({part.dtype.name!r})`."
        )


def check_loader(name: str, element: Any, source: Any) -> None:
    """Raises `ValueError` if a PyTorch `DataLoader` gives what Keras cannot train on."""
    if not is_loader(source) or keras.backend.backend() == "torch":
        return
    if is_named(element):
        remedy = f"a dictionary with {sorted(element)} alone. Let its data set give (dictionary,)."
    elif not isinstance(element, (tuple, list, dict)):
        remedy = "x alone. Make it of a `torch.utils.data.TensorDataset(x)`."
    else:
        return
    raise ValueError(
        f"Expected the `DataLoader` `{name}` to give tuples (x,), which Keras takes apart. "
        f"Received: one that gives {remedy}"
    )


def shape_of(part: Any) -> Shape | None:
    """Shape of an array or of its specification, with `None` for sizes that are not known."""
    shape = part.shape if hasattr(part, "shape") else np.shape(part)
    if getattr(shape, "rank", 0) is None:
        return None
    return tuple(shape)


def check_batched(name: str, shape: Shape, source: Any, event_shape: Shape | None) -> None:
    """Raises `ValueError` if the elements of a source are single examples, not batches.

    Args:
        name: What the source is called in the error.
        shape: Of an element.
        source: The source.
        event_shape: Of an example, where the model knows it.
    """
    if event_shape is not None:
        single = len(shape) in (0, 1, len(event_shape))
    else:
        single = len(shape) < 2 or (is_dataset(source) and shape[0] is not None)
        single = single and not (len(shape) >= 2 and _makes_batches(source))
    if not single:
        return
    remedy = "Batch them: `data.batch(32)`"
    if event_shape is None and len(shape) >= 2:
        remedy += ". If they are batches, build the model first: "
        remedy += f"`model.build({(None, *shape[1:])})`"
    raise ValueError(
        f"Expected `{name}` to give batches [batch, ...]. Received: elements of shape "
        f"{tuple(shape)}, single examples. {remedy}."
    )


def with_shapes(source: Any, event_shape: Shape, target_shape: Shape, width: int = 0) -> Any:
    """A `tf.data.Dataset` whose elements have the shapes for which the model was built.

    Args:
        source: The dataset.
        event_shape: Of an example.
        target_shape: Of its target.
        width: Of its condition, where the elements are dictionaries.
    """
    import tensorflow as tf

    known = ((None, *event_shape), (None, *target_shape))

    def ensure(*parts: Any) -> Any:
        shaped = [ensured(part, shape) for part, shape in zip(parts, known, strict=False)]
        return (*shaped, *parts[2:])

    def ensured(part: Any, shape: Shape) -> Any:
        if not isinstance(part, dict):
            return tf.ensure_shape(part, shape)
        shaped = {**part, "x": tf.ensure_shape(part["x"], shape)}
        if "condition" in part and part["condition"].shape.rank != 1:
            shaped["condition"] = tf.ensure_shape(part["condition"], (None, width))
        return shaped

    return source.map(ensure, num_parallel_calls=tf.data.AUTOTUNE)


def batches_of(source: Any) -> Iterator[Any]:
    """x of every element of a source that ends, as NumPy arrays or dictionaries of them.

    Raises:
        ValueError: If it has no end.
    """
    for element in _elements(source):
        x = parts_of("x", element)[0]
        if is_named(x):
            yield {name: _as_array(part, source) for name, part in x.items()}
        else:
            yield _as_array(x, source)


def _as_array(part: Any, source: Any) -> np.ndarray:
    check_part("x", part, source)
    if keras.ops.is_tensor(part):
        return keras.ops.convert_to_numpy(part)
    return np.asarray(part)


def _elements(source: Any) -> Iterator[Any]:
    endless = False
    if is_dataset(source):
        endless = int(source.cardinality()) == -1
        elements = source
    elif isinstance(source, keras.utils.PyDataset):
        endless = source.num_batches is None
        elements = () if endless else (source[index] for index in range(source.num_batches))
    else:
        elements = source
    if endless:
        raise ValueError(
            "Expected `x` to have an end. Received: a source without one. Give a number of its "
            "batches, such as `data.take(10)`."
        )
    yield from elements


def _chained(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    """A generator, which alone Keras takes for one, of tuples, which alone it takes from one."""
    for element in itertools.chain([first], rest):
        yield tuple(element) if isinstance(element, (tuple, list)) else (element,)


@contextlib.contextmanager
def _torch_seed_kept(loader: Any) -> Iterator[None]:
    """What is drawn in the block does not change later draws."""
    import torch

    before = None if loader.generator is None else loader.generator.get_state()
    with torch.random.fork_rng(devices=[]):
        yield
    if before is not None:
        loader.generator.set_state(before)


def _makes_batches(dataset: Any) -> bool:
    """Whether a `tf.data.Dataset` was batched on the way, or was one batch from the start.

    `batch(n, drop_remainder=True)` gives elements of a known length, as single examples are.
    """
    left = [dataset]
    while left:
        current = left.pop()
        kind = type(current).__name__
        if "Batch" in kind or "TensorDataset" in kind:
            return True
        if any(word in kind for word in REARRANGING) and "DirectedInterleave" not in kind:
            continue  # what is an element before it is none after it
        try:
            left.extend(current._inputs())
        except (AttributeError, NotImplementedError):
            return True  # not known
    return False
