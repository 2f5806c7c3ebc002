"""The report of a run: one page that needs nothing else, to be looked at, kept and sent."""

from .page import page, write_report

__all__ = ["page", "write_report"]
