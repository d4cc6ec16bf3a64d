"""Tables of runs, ours beside published ones: what to train, the jobs, the report."""

from diffusion_vae.runs.reproduce.jobs import JobsFailed, run_jobs
from diffusion_vae.runs.reproduce.plan import Job, Table
from diffusion_vae.runs.reproduce.report import write_report
from diffusion_vae.runs.reproduce.tables import TABLES, get

__all__ = ["TABLES", "Job", "JobsFailed", "Table", "get", "run_jobs", "write_report"]
