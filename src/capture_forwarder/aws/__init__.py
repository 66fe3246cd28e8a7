"""AWS behind the ports, by botocore's clients; the only package that imports botocore."""
