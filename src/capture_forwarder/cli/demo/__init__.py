"""`capture-forwarder demo`."""
