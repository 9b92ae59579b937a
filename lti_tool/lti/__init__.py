"""The LTI border: registration, login, launch, deep linking, and what a browser keeps in between."""
