"""Heat kernel of an embedded torus (torus of revolution in R^3), from its float64 spectrum.

The files, in the order in which they are used to build tables:

    spectrum            eigenfunctions of the torus and of a piece of its tube
    unrolled_spectrum   the same on the torus unrolled, where no way comes round
    plan                which table of the log density serves which times
    unrolled_table      log density while neither angle comes round
    tube_table          ... once the tube has been gone round
    slow_waves          ... once the slowest eigenfunctions are enough
    log_density         these tables, built and blended over the times they share
    sample_table        transport of two normal numbers to a sample
    kl_table            KL to the uniform law
    kernel              the law, `EmbeddedTorusKernel`

`heat_kernels.cache` keeps the tables on disk, `chebyshev` holds their polynomials, and `reference`
slow values to compare with.
`docs/theory/embedded_torus.md` explains each table and its error.
"""

from diffusion_vae.heat_kernels.embedded_torus.kernel import EmbeddedTorusKernel

__all__ = ["EmbeddedTorusKernel"]
