"""What has arrived in a store of ours: per endpoint and hour, counted, as values and as a page."""
