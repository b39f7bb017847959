"""Blankcheck: PyTorch exercises with blanks, checked as you type. Never imports torch."""

__version__ = "0.1.0"
