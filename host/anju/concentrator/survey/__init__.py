"""The room of surveys: it listens to all links all the time, and probes nodes when somebody wants to know."""
