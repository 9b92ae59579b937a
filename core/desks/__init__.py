"""The calls the rest of the house makes, each desk about one matter; ``core.service`` joins them."""
