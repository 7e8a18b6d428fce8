"""Whose turn it is, how long things take, and when a waiting clip will be ready. Pure."""
