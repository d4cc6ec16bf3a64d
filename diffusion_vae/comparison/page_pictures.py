"""Pictures of the codes of the best candidates."""

import numpy as np

from diffusion_vae.comparison.comparison import Comparison
from diffusion_vae.comparison.page_tables import space_of
from diffusion_vae.plots import latent_scatter
from diffusion_vae.plots.charts import chart
from diffusion_vae.plots.colours import CHROMA, yiq_to_rgb
from diffusion_vae.plots.pages import both_grounds

MOST = 6  # candidates
BRIGHTNESS = 0.22  # how far it goes from the mean


def code_pictures(comparison: Comparison) -> list[tuple[str, str, str, bool]]:
    """(light, dark, caption, whether it is wide) of the best candidates whose codes are known."""
    found = []
    for row in comparison.rows()[:MOST]:
        candidate = comparison[row["manifold"]]
        space = space_of(candidate.manifold)
        if space is None or not len(candidate.codes):
            continue
        x = comparison.examples
        known = x is not None and len(x) == len(candidate.codes)
        figure = latent_scatter(
            space,
            candidate.codes,
            factors=x if known else None,
            colouring=component_colours if known else None,
        )
        torn = "" if row["torn"] is None else f", {100 * row['torn']:.1f} % torn"
        caption = f"Codes on {candidate.manifold}, {row['log_likelihood']:.2f} nats{torn}"
        wide = len(chart(space, candidate.codes)) > 1
        found.append((*both_grounds(figure), caption, wide))
    return found


def component_colours(x: np.ndarray) -> np.ndarray:
    """Colours that change slowly along the data: of neighbours they are alike.

    Hue and saturation show the first two principal components, brightness the third.

    Args:
        x: Examples, `[n, *event]`.

    Returns:
        RGB in [0, 1], `[n, 3]`.

    Example:
        >>> angles = np.linspace(0.0, 2.0 * np.pi, 400)
        >>> rgb = component_colours(np.stack([np.cos(angles), np.sin(angles)], axis=-1))
        >>> bool(np.abs(np.diff(rgb, axis=0)).max() < 0.02)
        True
    """
    flat = np.reshape(x, (len(x), -1)).astype("float64")
    flat = flat - flat.mean(axis=0)
    _, _, axes = np.linalg.svd(flat, full_matrices=False)
    # The sign of an axis is chance; without this, colours would differ between machines.
    axes = axes * np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    components = np.zeros((len(flat), 3))
    components[:, : min(3, len(axes))] = flat @ axes[:3].T
    size = np.quantile(np.abs(components), 0.98, axis=0)
    first, second, third = np.clip(components / np.maximum(size, 1e-12), -1.0, 1.0).T
    return yiq_to_rgb(0.5 + BRIGHTNESS * third, CHROMA * first, CHROMA * second)
