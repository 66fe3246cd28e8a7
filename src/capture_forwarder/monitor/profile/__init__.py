"""Rows become statistics: types from text, counts, moments, sketches and categories."""
