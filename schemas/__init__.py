"""Everything that crosses the border, in and out."""
