"""A business opened for one month: cut once at its end, so that nothing behind it sees the future."""

from retention_helpers.business.opened import Business
from retention_helpers.business.opening import open_business
from retention_helpers.shipped import SAMPLE

__all__ = ["SAMPLE", "Business", "open_business"]
