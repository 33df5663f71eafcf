"""What was measured beside what was published: from sessions and scores to a comparison."""
