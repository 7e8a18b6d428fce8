"""Where a clip came from, said three ways: a visible mark, an invisible mark, a C2PA manifest."""
