"""What the page says and shows of who buys again."""
