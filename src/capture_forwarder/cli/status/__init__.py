"""`capture-forwarder status`."""
