"""Runs the notebooks, makes the pages, and publishes a report whole or not at all."""
