"""A line with labels (ground truth) becomes the id that it labels, and values of columns."""
