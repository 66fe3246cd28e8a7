"""`capture-forwarder connect`."""
