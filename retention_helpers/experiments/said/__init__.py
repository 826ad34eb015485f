"""What the page about experiments says, and how its measures are shown."""
