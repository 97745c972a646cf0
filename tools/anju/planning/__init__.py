"""Site plans as people write them: tables (CSV) and TOML, what is wrong with them, and what one changes."""
