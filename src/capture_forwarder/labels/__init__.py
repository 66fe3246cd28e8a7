"""Labels (ground truth) from files of every kind are assigned to the rows that they belong to."""
