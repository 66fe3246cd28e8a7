"""`capture-forwarder forward`."""
