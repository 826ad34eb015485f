"""What the review says: its first screen, and of earlier reports."""
