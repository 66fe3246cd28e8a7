"""What all commands share: printing, tables, options, addresses."""
