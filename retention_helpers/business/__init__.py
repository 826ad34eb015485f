"""A business opened for a month or a day: cut once at its end, so that nothing behind it sees the future."""

from retention_helpers.business.opened import Business
from retention_helpers.business.opening import open_business, open_day
from retention_helpers.shipped import SAMPLE

__all__ = ["SAMPLE", "Business", "open_business", "open_day"]
