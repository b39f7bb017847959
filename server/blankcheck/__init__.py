"""Blankcheck: PyTorch exercises with blanks, checked as you type. This package never imports torch."""

__version__ = "0.1.0"
