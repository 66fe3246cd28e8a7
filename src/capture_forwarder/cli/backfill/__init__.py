"""`capture-forwarder backfill`."""
