"""What a prompt may ask for, decided by rules that are data. Pure: knows no Django and no database.

`check.check_text` is the door. A text is normalised (normalise), phrases are looked up (lexicon),
windows of words are scored by the classifier (windows, classifier), and what was found becomes a
verdict in the writer's own words (verdict). rules.toml says what is forbidden and why.
"""
