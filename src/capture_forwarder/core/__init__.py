"""The values, errors and ports that all other rooms speak in; imports nothing of ours."""
