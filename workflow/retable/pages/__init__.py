"""The page of a suite: words, tables and pictures of a comparison."""
