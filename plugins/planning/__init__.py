"""The parts of the planner: what is believed of a skill, which steps it needs, what fits, and when."""
