"""Reads the files once and holds every rule against them; what passed is kept."""
