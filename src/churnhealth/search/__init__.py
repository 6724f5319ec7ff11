"""The search for training options: which numbers are tried, how they are judged, when they are taken."""
