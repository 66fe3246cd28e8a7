"""The captures of batch transform jobs: manifests, followed and paired into captured calls."""
