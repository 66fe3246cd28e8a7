"""Arthur Scope, by the data-capture endpoint of its v3 API."""
