"""Tables of runs, ours beside published ones: what to train, the jobs, the report."""

from diffusion_vae.experiments.reproduce.jobs import JobsFailed, run_jobs
from diffusion_vae.experiments.reproduce.plan import Job, Table
from diffusion_vae.experiments.reproduce.report import write_report
from diffusion_vae.experiments.reproduce.tables import TABLES, find_table

__all__ = ["TABLES", "Job", "JobsFailed", "Table", "find_table", "run_jobs", "write_report"]
