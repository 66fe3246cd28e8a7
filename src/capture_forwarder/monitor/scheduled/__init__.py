"""A schedule's event becomes an execution: rows are fetched and checked, and others learn of it."""
