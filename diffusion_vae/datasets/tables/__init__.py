"""Tables: rows are examples, columns are values with names."""
