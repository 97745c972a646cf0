"""SIA DC-09 (ANSI/SIA DC-09-2013): reports as alarm receiving centres take them, over TLS, TCP or UDP."""
