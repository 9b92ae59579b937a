"""A tenant moves: everything that is its own leaves one installation, and arrives in another.

``parts`` says what there is, ``leaving`` reads it, ``arriving`` writes it, ``places`` says what is called
otherwise at the new place. What the files look like is not decided here, but in ``schemas.moving_archive``.
"""
