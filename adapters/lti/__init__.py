"""LTI Advantage towards any platform: access tokens, grades (AGS 2.0), names and roles (NRPS 2.0)."""
