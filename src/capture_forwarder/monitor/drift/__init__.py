"""How differently a window and its baseline are distributed, as distances of several kinds."""
