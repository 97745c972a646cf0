"""From one PC to the next: `seal` is the form of the file that carries what a concentrator is."""
