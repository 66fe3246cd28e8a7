"""A release: what users install and deploy without building anything."""
