"""Orders of a shop: what is the same whatever shop exported them."""
