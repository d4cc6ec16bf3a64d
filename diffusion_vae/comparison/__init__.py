"""Which manifold do data live on?"""

from diffusion_vae.comparison.candidate import Candidate
from diffusion_vae.comparison.candidates import default_candidates
from diffusion_vae.comparison.compare import compare_manifolds
from diffusion_vae.comparison.comparison import Comparison
from diffusion_vae.comparison.training import Effort
from diffusion_vae.comparison.verdict import Margin, Verdict

__all__ = [
    "Candidate",
    "Comparison",
    "Effort",
    "Margin",
    "Verdict",
    "compare_manifolds",
    "default_candidates",
]
