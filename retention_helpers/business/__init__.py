"""A business opened for one month: cut once at its end, so that nothing behind it sees the future."""

from retention_helpers.business.opened import SAMPLE, Business, open_business

__all__ = ["SAMPLE", "Business", "open_business"]
