"""`capture-forwarder monitor`: a baseline, checks of windows against it, and what they found."""
