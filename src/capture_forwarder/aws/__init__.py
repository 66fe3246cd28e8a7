"""boto3 behind the ports; the only package that imports it."""
