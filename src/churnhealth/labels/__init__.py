"""Who churned: the positive class, and splits that keep the label's time honest."""
