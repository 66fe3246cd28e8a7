"""Runs of a check: a folder each with its files, in the order of Model Monitor's reports."""
