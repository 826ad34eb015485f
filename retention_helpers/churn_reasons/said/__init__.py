"""What the page about reasons says, and how its measures are shown."""
