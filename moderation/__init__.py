"""What may be made and seen: policy, checks, reports, cases and decisions."""
