"""The two marks that live in the pixels: one for people, one for machines."""
