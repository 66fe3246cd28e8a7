"""Files, tables and captures become one relation, in which hostile names do nothing."""
