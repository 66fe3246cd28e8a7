"""What runs the monitor's statements: one port, and a room for each engine."""
