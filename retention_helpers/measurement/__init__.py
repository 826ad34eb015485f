"""How many customers stay, and is that changing?"""
