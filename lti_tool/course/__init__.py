"""The pages of one course, for who teaches it or leads its team."""
