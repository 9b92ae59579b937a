"""The strategies that ship with Stifinder; each talks to the core through the hooks only."""
