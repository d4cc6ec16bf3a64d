"""Heat kernels and priors as distributions of TensorFlow Probability (TensorFlow only).

Imported on its own, `from diffusion_vae import distributions`: TensorFlow Probability
takes seconds to import.
"""

import keras

if keras.backend.backend() != "tensorflow":
    raise ImportError(
        "Expected the TensorFlow backend, on which TensorFlow Probability's distributions "
        f"work. Received: {keras.backend.backend()!r}. Use `diffusion_vae.heat_kernels`."
    )

from diffusion_vae.distributions import divergences as _divergences  # noqa: F401 (registers)
from diffusion_vae.distributions.heat_kernel import HeatKernel
from diffusion_vae.distributions.uniform import ManifoldUniform

__all__ = ["HeatKernel", "ManifoldUniform"]
