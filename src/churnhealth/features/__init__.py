"""The one door from a raw table to the matrix of indicators, for training and for scoring."""
