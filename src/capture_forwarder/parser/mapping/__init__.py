"""Readings become rows on the columns: the one place that decides what a payload means."""
