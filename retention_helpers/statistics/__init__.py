"""Pure functions of numbers: intervals, exact tests, curves, limits, models."""
