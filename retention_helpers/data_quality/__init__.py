"""Can I trust the numbers?"""
