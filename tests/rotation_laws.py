"""Heat kernels of SO(3) and O(3) in the Frobenius metric, from those of RP^3.

SO(3) is RP^3 with lengths 2 sqrt 2, times 8 and volumes 16 sqrt 2 times as large. O(3) is
two copies of it; a law on one of them has log 2 more to go to the prior.
"""

import math

from diffusion_vae.heat_kernels import numeric

ENLARGED = 2.0 * math.sqrt(2.0)


def so3_log_density(r, t):
    """Log density at the distances `r` in [0, sqrt 2 pi] and the time `t`."""
    return numeric.projective_log_density(3, r / ENLARGED, t / 8.0) - 1.5 * math.log(8.0)


def so3_kl(t):
    """KL to the uniform law at the time `t`, in nats."""
    return numeric.projective_kl(3, t / 8.0)


def o3_kl(t):
    """KL to the uniform law of both components."""
    return so3_kl(t) + math.log(2.0)
