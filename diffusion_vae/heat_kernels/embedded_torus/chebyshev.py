"""Chebyshev polynomials of tensors, and coordinates that suit them."""

from typing import Any

from keras import ops

from diffusion_vae.typing import Tensor


def chebyshev_list(x: Tensor, count: int) -> list[Tensor]:
    """Chebyshev polynomials of the degrees below `count`, a list."""
    result = [ops.ones_like(x), x]
    while len(result) < count:
        result.append(2.0 * x * result[-1] - result[-2])
    return result[:count]


def chebyshev(x: Tensor, count: int) -> Tensor:
    """Chebyshev polynomials of the degrees below `count`, `[..., count]`."""
    return ops.stack(chebyshev_list(x, count), axis=-1)


def soft_limit(x: Tensor, limit: Any) -> Tensor:
    """`x` up to 0.9 times the limit, then ever slower towards it, twice differentiable."""
    start, width = 0.9 * limit, 0.1 * limit
    beyond = ops.maximum(x - start, 0.0)
    return ops.minimum(x, start) + width * ops.tanh(beyond / width)
