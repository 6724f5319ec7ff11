"""Why this score? Contributions that add up to the published health score, in points and words."""
