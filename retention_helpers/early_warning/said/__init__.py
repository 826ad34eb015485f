"""What the page about warnings says."""
