"""Ray jobs: thin shells over the library."""
