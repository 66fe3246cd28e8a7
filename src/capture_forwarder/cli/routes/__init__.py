"""`capture-forwarder routes`."""
