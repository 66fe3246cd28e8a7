"""`capture-forwarder report`: what has arrived."""
