"""The shapes of cameos in the API, a module for each topic."""
