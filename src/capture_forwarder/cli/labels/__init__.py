"""`capture-forwarder labels`."""
