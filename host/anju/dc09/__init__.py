"""SIA DC-09 as bytes, for whoever sends it and for whoever is sent it: `frame` builds, reads, seals and opens."""
