"""The shapes of likenesses in the REST API, a module for each topic."""
