"""How the tables of `radial` are computed, in float64."""

import numpy as np
from scipy.interpolate import make_interp_spline

from diffusion_vae.heat_kernels.contour import log_correction
from diffusion_vae.heat_kernels.cut_locus import cut_locus
from diffusion_vae.heat_kernels.radial import (
    FINER,
    NOISE_CELLS,
    RADII,
    inverse_softplus,
    noise_ends,
)
from diffusion_vae.heat_kernels.shells import Shells
from diffusion_vae.heat_kernels.zonal import Zonal

ORDER = 7  # of the spline that fills in the KL between its times


def correction(space: Zonal, times: np.ndarray) -> np.ndarray:
    """Smooth part of the log density at every node, `[times, RADII + 1]`."""
    r = np.linspace(0.0, space.end, RADII + 1)
    t = times[:, None]
    near_end = cut_locus(space, float(times[0]), float(times[-1]), len(times))
    return log_correction(space, r, t) - near_end.values(r, t)


def laws(space: Zonal, times: np.ndarray) -> dict[str, np.ndarray]:
    """Tables of the radius of a sample and of the KL."""
    shells = Shells(space, times)
    divergence = inverse_softplus(shells.log_kl())
    step = np.arange(len(times))
    finer = np.linspace(0.0, len(times) - 1.0, (len(times) - 1) * FINER + 1)
    return {
        "stretch": shells.stretch(np.linspace(*noise_ends(space.dim), NOISE_CELLS + 1)),
        "divergence": make_interp_spline(step, divergence, k=ORDER)(finer),
    }
