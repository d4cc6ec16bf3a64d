"""What takes long is told: on a terminal, or when asked for."""

import sys

import pytest

from diffusion_vae.manifolds import Sphere, check_manifold
from diffusion_vae.progress import ERASE, telling


class Terminal:
    """Standard error that is a terminal, and what was written to it."""

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_a_terminal_shows_one_line_that_is_gone_at_the_end(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "__stderr__", terminal)
    with telling("First ...") as say:
        say("Second ...")
    assert terminal.text == f"{ERASE}First ...{ERASE}Second ...{ERASE}"
    terminal.text = ""
    with telling("First ...", verbose=0):
        pass
    assert terminal.text == ""


def test_a_file_gets_lines_when_asked(capsys):
    with telling("First ...") as say:
        say("Second ...")
    assert capsys.readouterr().err == ""
    with telling("First ...", verbose=True) as say:
        say("Second ...")
    assert capsys.readouterr().err == "First ...\nSecond ...\n"


def test_an_error_leaves_no_line(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "__stderr__", terminal)
    with pytest.raises(ValueError, match="wrong"), telling("First ..."):
        raise ValueError("wrong")
    assert terminal.text.endswith(ERASE)


def test_check_manifold_tells_which_check_runs(monkeypatch, capsys):
    monkeypatch.setattr("diffusion_vae.manifolds.checks.CHECKS", {"volume": lambda subject: "1"})
    assert check_manifold(Sphere(2), verbose=True).passed
    assert capsys.readouterr().err == "Checking volume (1 of 1) ...\n"
    check_manifold(Sphere(2))
    assert capsys.readouterr().err == ""
