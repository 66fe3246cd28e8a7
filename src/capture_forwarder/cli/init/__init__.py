"""`capture-forwarder init`."""
