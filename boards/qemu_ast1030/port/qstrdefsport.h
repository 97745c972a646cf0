// Qstrs that the source does not show.
