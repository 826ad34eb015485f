"""How a number, a day and a mistake are written."""
