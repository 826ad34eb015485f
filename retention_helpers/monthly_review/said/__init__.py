"""What the first screen says of earlier reports."""
