"""The short form of `kill_tests.py`, whose full results stand in docs/results."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("kill_tests.py")


@pytest.mark.slow
def test_a_training_and_a_conversion_survive_kill_9(tmp_path):
    out = tmp_path / "kills.json"
    options = ["--kills", "1", "--kinds", "checkpoint", "convert", "--out", str(out)]
    finished = subprocess.run(
        [sys.executable, str(SCRIPT), *options], capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    for report in json.loads(out.read_text())["kinds"].values():
        assert report["kills"] >= 1 and report["episodes"] == report["identical"] >= 1
        assert not report["damaged_files"] and not report["differing"]
