"""What the page about who stays says, section by section."""
