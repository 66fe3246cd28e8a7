"""The Lambda entries, one file each: build once, call, answer."""
