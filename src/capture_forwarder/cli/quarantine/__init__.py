"""`capture-forwarder quarantine`."""
