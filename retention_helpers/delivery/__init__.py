"""What was made goes to its owner, off by default and never to a customer; what failed is kept and said.

`post.post(data, out)` is the way in; `runs` notes what was made.
"""
