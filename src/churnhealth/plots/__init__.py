"""Pictures of the tables of evaluate and explain; nothing is computed here."""
