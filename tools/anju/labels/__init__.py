"""Labels for nodes: one drawing in millimetres, and what prints it (PDF, ZPL, PNG, SVG, text)."""
