-- Over each report and all that came before it; NULL for what came before there was this chain, which the first link takes in.
ALTER TABLE reports ADD COLUMN link BLOB;

-- A concentrator that was restored, or whose journal was repaired, sends what it owes under a new journal's name: found by number and hash.
CREATE INDEX reports_of_seq ON reports (seq, sha256);
