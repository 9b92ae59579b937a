"""What is used before production: laws, simulated histories, benches."""
