"""Whose face is shown: recognition, and what it keeps out of films, pictures and characters."""
