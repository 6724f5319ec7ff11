"""Explanations that add up to the score."""
