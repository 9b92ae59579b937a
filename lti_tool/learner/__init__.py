"""The learner's pages: suggestions, reviews, and everything that is held about one."""
