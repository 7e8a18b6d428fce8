"""Who may use a likeness: terms, the gates, questions to owners, receipts, the end."""
