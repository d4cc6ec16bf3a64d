"""The map of the original's capabilities and bugs names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parent
MAP = ROOT.parent / "docs" / "capabilities.md"
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", MAP.read_text(encoding="utf-8"))))


def test_every_test_of_the_map_exists():
    assert len(NAMED) > 80
    missing = [
        f"{file}::{name}"
        for file, name in NAMED
        if not re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]
    assert missing == []


def test_every_bug_has_its_line():
    text = MAP.read_text(encoding="utf-8")
    assert [bug for bug in range(1, 38) if f"\n| {bug} | " not in text] == []
