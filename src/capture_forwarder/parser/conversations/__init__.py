"""The calls of language models: which part of a payload is the prompt, and which the answer."""
