"""Derivatives and compilation, which `keras.ops` does not offer on every backend."""

import contextlib
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import keras
from keras import ops

from diffusion_vae.typing import Shape, Tensor

Result = TypeVar("Result")


def value_and_jacobian(function: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Values and first derivatives of a function that acts point by point.

    Works eagerly, in compiled functions, under XLA, and nested in itself (for
    second derivatives) or in a gradient that a user takes.

    Args:
        function: Maps `[..., n]` to `[..., m]`, each point on its own.
        x: Points, `[..., n]`.

    Returns:
        The values `[..., m]` and the Jacobians `[..., m, n]`.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            value = function(x)  # [..., m]
            parts = tf.unstack(value, axis=-1)
        rows = [tape.gradient(part, x, unconnected_gradients="zero") for part in parts]
        return value, tf.stack(rows, axis=-2)
    value, pull_back = _vjp(function, x)
    one_hot = ops.eye(value.shape[-1], dtype=value.dtype)  # [m, m]
    rows = [pull_back(ops.zeros_like(value) + row)[0] for row in one_hot]
    return value, ops.stack(rows, axis=-2)


def jacobian(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The Jacobians `[..., m, n]` alone; see `value_and_jacobian`."""
    return value_and_jacobian(function, x)[1]


def value_and_gradient(
    function: Callable[[Tensor], Tensor], x: Tensor, keep_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """Values of a function, and the gradient of their sum; the function may draw, too.

    Args:
        function: Maps `[..., n]` to values of any shape.
        x: Points, `[..., n]`.
        keep_graph: Whether gradients are to be taken of the values in what else the function
            reads. Only PyTorch has to be told.

    Returns:
        The values, and the gradient `[..., n]`: zeros where the function ignores `x`.
    """
    if keras.backend.backend() == "jax":
        import jax

        value, pull_back = jax.vjp(function, x)
        return value, pull_back(ops.ones_like(value))[0]
    if keras.backend.backend() == "torch":
        import torch

        with torch.enable_grad():  # `torch.func` forbids new seeds
            x = x.detach().requires_grad_()
            value = function(x)
            if not value.requires_grad:
                return value, torch.zeros_like(x.detach())
            slope = torch.autograd.grad(
                ops.sum(value), x, materialize_grads=True, retain_graph=keep_graph
            )[0]
        return (value if keep_graph else value.detach()), slope
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return value, tape.gradient(value, x, unconnected_gradients="zero")


def detached(x: Tensor) -> Tensor:
    """`x` as a constant.

    TensorFlow's tapes follow the result of `stop_gradient` into loops and compiled functions,
    and build gradients there that nobody uses. They do not follow integers.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        x = tf.convert_to_tensor(x)
        bits = tf.bitcast(x, {2: tf.int16, 4: tf.int32, 8: tf.int64}[x.dtype.size])
        return tf.bitcast(bits, x.dtype)
    return ops.stop_gradient(x)


def custom_gradient(
    function: Callable[[Tensor], tuple[Tensor, Callable[[Tensor], Tensor]]],
) -> Callable[[Tensor], Tensor]:
    """A function of one tensor with a gradient of its own.

    Unlike `keras.ops.custom_gradient` it can be differentiated by `value_and_jacobian` and
    twice, on every backend.

    Args:
        function: Maps `x` to its value and to the function that maps a gradient with respect
            to the value to the gradient with respect to `x`.

    Returns:
        The function of `x` alone.
    """
    if keras.backend.backend() == "torch":
        return lambda x: _torch_function().apply(x, function)[0]

    def for_keras(x: Tensor) -> tuple[Tensor, Callable[..., Tensor]]:
        value, pull_back = function(x)

        def gradient(*args: Tensor, upstream: Tensor | None = None) -> Tensor:
            return pull_back(args[0] if upstream is None else upstream)

        return value, gradient

    return ops.custom_gradient(for_keras)


def no_gradients() -> contextlib.AbstractContextManager:
    """Scope in which PyTorch records nothing for gradients, which costs memory.

    The other backends record only where gradients are asked for.
    """
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()


def compiled(
    function: Callable[[Tensor], Tensor], shape: Shape, dtype: str
) -> Callable[[Tensor], Tensor]:
    """A function of one tensor, compiled where the backend compiles.

    Args:
        function: Function of one tensor.
        shape: Its shape, `None` for axes of any length.
        dtype: Its dtype.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        signature = [tf.TensorSpec(shape, dtype)]
        run = tf.function(function, input_signature=signature, autograph=False)
        # TensorFlow's optimiser fails on loops that are nested in another graph.
        return lambda x: run(x) if tf.executing_eagerly() else function(x)
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    return function


def as_graph(
    function: Callable[..., Any], variables: Sequence[keras.Variable] | None = None
) -> Callable[..., Any]:
    """A function of tensors of any leading length as a graph, on TensorFlow.

    Elsewhere the function itself: variables that it changes, such as seeds, forbid a jit. On
    JAX it is jitted where its variables are given, which go in and come out.

    Args:
        function: Function of tensors.
        variables: All variables that it reads or changes.
    """
    if keras.backend.backend() == "jax" and variables is not None:
        return _jitted(function, list(variables))
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    run = tf.function(function, autograph=False, reduce_retracing=True)
    traced = False

    def spec(value: Tensor) -> Any:
        return tf.TensorSpec([None, *value.shape[1:]] if value.shape.rank else [], value.dtype)

    def call(*args: Any) -> Any:
        nonlocal traced
        if not traced:  # else a last batch of another length would be traced again
            run.get_concrete_function(*keras.tree.map_structure(spec, args))
            traced = True
        return run(*args)

    return call


def iterate(
    function: Callable[..., Any], state: tuple[Tensor, ...], count: int
) -> tuple[Tensor, ...]:
    """`function` applied `count` times, a loop with a gradient on every backend.

    Unlike a Python loop it is compiled once; unlike `keras.ops.fori_loop` it can
    be differentiated under XLA.

    Args:
        function: Maps a tuple of tensors to one of the same shapes and dtypes.
        state: Tuple of tensors.
        count: Number of times, an integer.

    Returns:
        Tuple of tensors.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.while_loop(
            lambda *_: True, lambda *state: function(state), state, maximum_iterations=count
        )
    if keras.backend.backend() == "jax":
        import jax

        return jax.lax.fori_loop(0, count, lambda _, state: function(state), state)
    for _ in range(count):
        state = function(state)
    return state


def steps_at_once(steps: int) -> int:
    """`steps_per_execution` of Keras's `compile`: of so many steps, or 1 on PyTorch, as it must.

    Args:
        steps: Training steps to run in one go, where the backend can.
    """
    return 1 if keras.backend.backend() == "torch" else steps


def run_eagerly(function: Callable[..., Result], *args: Any) -> Result:
    """Result of a function that runs at once, even while another is being traced.

    A new thread has no graph, no tape and no trace, on every backend.
    """
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(function, *args).result()


def _jitted(function: Callable[..., Any], variables: list[keras.Variable]) -> Callable[..., Any]:
    """A function with variables as one without, jitted, between reading and assigning them."""
    import jax

    @jax.jit
    def pure(values: list[Tensor], *args: Tensor) -> tuple[Any, list[Tensor]]:
        state = zip(variables, values, strict=True)
        with keras.StatelessScope(state_mapping=list(state)) as scope:
            result = function(*args)
        changed = [scope.get_current_value(variable) for variable in variables]
        # What is as it came in is not handed out: a copy of all weights at each call.
        return result, [
            None if new is old else new for new, old in zip(changed, values, strict=True)
        ]

    def run(*args: Tensor) -> Any:
        result, changed = pure([variable.value for variable in variables], *args)
        for variable, value in zip(variables, changed, strict=True):
            if value is not None:
                variable.assign(value)
        return result

    return run


def _vjp(function: Callable[[Tensor], Tensor], x: Tensor) -> Any:
    if keras.backend.backend() == "jax":
        import jax

        return jax.vjp(function, x)
    if keras.backend.backend() == "torch":
        import torch

        return torch.func.vjp(function, x)
    raise NotImplementedError(
        "Expected the Keras backend to be tensorflow, jax or torch for derivatives. "
        f"Received: {keras.backend.backend()!r}."
    )


@functools.cache
def _torch_function() -> Any:
    """A `torch.autograd.Function` of `x` and of the function that `custom_gradient` takes."""
    import torch

    class CustomGradient(torch.autograd.Function):
        @staticmethod
        def forward(x: Any, function: Any) -> Any:
            return function(x)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            x, ctx.function = inputs
            ctx.save_for_backward(x)
            ctx.pull_back = output[1]

        @staticmethod
        def backward(ctx: Any, upstream: Any, _: Any) -> Any:
            if not torch.is_grad_enabled():
                return ctx.pull_back(upstream), None
            # For a second derivative, as a function of x.
            _, pull_back = ctx.function(*ctx.saved_tensors)
            return pull_back(upstream), None

    return CustomGradient
