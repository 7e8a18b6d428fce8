"""The engines of an instance: configured, asked, failing, and which of them can draw what."""
