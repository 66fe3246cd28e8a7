"""One encoded payload becomes its possible readings."""
