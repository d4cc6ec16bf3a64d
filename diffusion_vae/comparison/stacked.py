"""Functions of the weights of one training, applied to those of several at once."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
from keras import ops

from diffusion_vae.typing import Tensor


def each_start(function: Callable[..., Any], compiled: bool = False) -> Callable[..., Any]:
    """A function of tensors, and of lists of them, over a first axis that all of them have.

    Vectorised on TensorFlow and JAX. On PyTorch, whose draws do not allow it, a loop.

    Args:
        function: Returns tensors, or lists and tuples of them.
        compiled: Whether to compile the result, which is then called by itself.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        def mapped(*arguments: Any) -> Any:
            with _quiet():
                return tf.vectorized_map(lambda each: function(*each), arguments)

        return tf.function(mapped, autograph=False) if compiled else mapped
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(jax.vmap(function)) if compiled else jax.vmap(function)

    def looped(*arguments: Any) -> Any:
        count = len(keras.tree.flatten(arguments)[0])
        results = [
            function(*keras.tree.map_structure(lambda value, s=s: value[s], arguments))
            for s in range(count)
        ]
        return keras.tree.map_structure(lambda *values: ops.stack(values), *results)

    return looped


def gradients(
    function: Callable[..., tuple[Tensor, list[Tensor]]],
) -> Callable[..., tuple[list[Tensor], Tensor, list[Tensor]]]:
    """The gradients of a function, with its values.

    Args:
        function: Maps a list of tensors, and more, to a number and a list of tensors.

    Returns:
        A function of the same arguments: the gradients of the number with respect to the list,
        the number, and the other list.
    """

    def on_tensorflow(weights: list[Tensor], *rest: Any) -> Any:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(weights)
            value, others = function(weights, *rest)
        return tape.gradient(value, weights, unconnected_gradients="zero"), value, others

    def on_jax(weights: list[Tensor], *rest: Any) -> Any:
        import jax

        slopes = jax.value_and_grad(function, has_aux=True)
        (value, others), slope = slopes(weights, *rest)
        return slope, value, others

    def on_torch(weights: list[Tensor], *rest: Any) -> Any:
        import torch

        weights = [value.detach().requires_grad_() for value in weights]
        value, others = function(weights, *rest)
        slopes = torch.autograd.grad(value, weights, allow_unused=True, materialize_grads=True)
        return list(slopes), value.detach(), [each.detach() for each in others]

    backends = {"tensorflow": on_tensorflow, "jax": on_jax, "torch": on_torch}
    return backends[keras.backend.backend()]


def block_of_steps(
    slopes: Callable[..., Any],
    weights: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
    examples: Tensor,
    fused: bool = True,
) -> Callable[[list[Tensor], Tensor], tuple[Tensor, list[Tensor]]]:
    """Many steps of training in one call.

    Args:
        slopes: What `each_start(gradients(...))` returned, of weights, state and examples.
        weights: Stacked weights `[starts, ...]`, which the steps change.
        optimizer: Built for them.
        examples: `[N, *event]`.
        fused: Whether TensorFlow compiles the steps by XLA: seconds at first, and then less than
            half the time.

    Returns:
        A function of the state `[starts, ...]` and of the rows of each batch
        `[steps, starts, batch]`: the mean loss `[starts]` and the state after the steps.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _on_tensorflow(slopes, weights, optimizer, examples, fused)
    if backend == "jax":
        return _on_jax(slopes, weights, optimizer, examples)

    def on_torch(state: list[Tensor], rows: Tensor) -> tuple[Tensor, list[Tensor]]:
        total = 0.0
        for batch in rows:
            found, loss, state = slopes(
                [v.value.detach() for v in weights], state, examples[batch]
            )
            optimizer.apply(found, weights)
            total = total + loss
        return total / len(rows), state

    return on_torch


def _on_tensorflow(
    slopes: Callable[..., Any],
    weights: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
    examples: Tensor,
    fused: bool,
) -> Callable[..., Any]:
    import tensorflow as tf

    def block(state: list[Tensor], rows: Tensor) -> tuple[Tensor, list[Tensor]]:
        def step(i: Tensor, total: Tensor, state: list[Tensor]) -> tuple[Any, ...]:
            batch = tf.gather(examples, rows[i])
            found, loss, state = slopes([v.value for v in weights], state, batch)
            optimizer.apply(found, weights)
            return i + 1, total + loss, state

        steps, starts = rows.shape[:2]
        start = (tf.constant(0), tf.zeros(starts, examples.dtype), state)
        _, total, state = tf.while_loop(
            lambda *_: True, step, start, maximum_iterations=steps, parallel_iterations=1
        )
        return total / steps, state

    graph = tf.function(block, autograph=False)
    if not fused:
        return graph
    compiled = tf.function(block, autograph=False, jit_compile=True)

    def run(state: list[Tensor], rows: Tensor) -> tuple[Tensor, list[Tensor]]:
        nonlocal compiled
        try:
            return compiled(state, rows)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            if compiled is graph:
                raise
            compiled = graph  # XLA lacks an operation of a user's network
            return compiled(state, rows)

    return run


def _on_jax(
    slopes: Callable[..., Any],
    weights: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
    examples: Tensor,
) -> Callable[..., Any]:
    import jax

    @jax.jit
    def block(values: Any, state: Any, moments: Any, rows: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            values, state, moments = carry
            found, loss, state = slopes(values, state, examples[batch])
            values, moments = optimizer.stateless_apply(moments, found, values)
            return (values, state, moments), loss

        carry, losses = jax.lax.scan(step, (values, state, moments), rows)
        return *carry, losses.mean(axis=0)

    def run(state: list[Tensor], rows: Tensor) -> tuple[Tensor, list[Tensor]]:
        before = ([v.value for v in weights], state, [v.value for v in optimizer.variables])
        values, state, moments, loss = block(*before, rows)
        for variable, value in zip(
            (*weights, *optimizer.variables), (*values, *moments), strict=True
        ):
            variable.assign(value)
        return loss, state

    return run


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without TensorFlow's lines about draws, which it vectorises by loops: they are few."""
    import tensorflow as tf

    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)
