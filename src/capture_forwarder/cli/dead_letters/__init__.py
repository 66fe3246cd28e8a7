"""`capture-forwarder dead-letters`."""
