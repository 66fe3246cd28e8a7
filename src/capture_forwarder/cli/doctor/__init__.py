"""`capture-forwarder doctor`."""
