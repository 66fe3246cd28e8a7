"""The parts of the docs that are written by the code: `make docs`, or `python -m docs.generate`."""
