"""What the statistics are held to: simulated streams of which the truth is known."""
