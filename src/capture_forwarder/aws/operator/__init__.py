"""What the operator's commands ask of AWS; the function imports none of it."""
