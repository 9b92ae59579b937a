"""The Flask application: launch, learner pages, xAPI intake, command line."""
