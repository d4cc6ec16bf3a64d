"""The files of a benchmark: its numbers, and a page of them beside."""

from pathlib import Path

from diffusion_vae.files import write_json


def write_report(out, report, page):
    """Writes OUT.json and OUT.md.

    Args:
        out: Path without an ending, or with that of either.
        report: The numbers, as JSON can hold them.
        page: Markdown.
    """
    out = Path(out)
    write_json(out.with_suffix(".json"), report)
    out.with_suffix(".md").write_text(page, encoding="utf-8")
