"""What was made goes to its owner, off by default and never to a customer; and what was made and failed is kept.

`post.post(data, out)` is the way in; `runs` notes what was made.
"""
