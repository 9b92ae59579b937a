"""The domain: model, hook specifications, plugin manager, engine, privacy, store."""
