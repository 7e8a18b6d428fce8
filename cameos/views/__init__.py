"""Likenesses over HTTP, a module for each topic."""
