"""The pages of a tenant's administrators, and of whoever runs the tool for all tenants."""
