"""`capture-forwarder inspect`."""
