"""An account is connected to the function, and checked. No terminal."""
