"""IBM Watson OpenScale, which is watsonx.governance today."""
