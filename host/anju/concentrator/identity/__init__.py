"""From one PC to the next: `export` seals what a concentrator is into a file, `adopt` makes a site of it, `seal` is its form."""
