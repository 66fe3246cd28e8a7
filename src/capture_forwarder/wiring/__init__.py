"""Settings become things that work; one file a feature. What is not used is not imported."""
