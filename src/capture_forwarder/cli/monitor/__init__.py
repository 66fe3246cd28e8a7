"""`capture-forwarder monitor`: watch data and models without a platform."""
