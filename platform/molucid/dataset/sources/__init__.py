"""Published data sets and packaged corpora, one per file."""
