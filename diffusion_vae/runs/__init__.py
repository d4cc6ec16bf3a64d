"""Runs as records: choices -> record -> training -> evaluation -> results folder.

What is imported from here is loaded at its first use; `__init__.pyi` lists it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
