"""Who stays, why the others leave, and what to do: the helpers behind the retention notebooks."""

__version__ = "0.1.0"
