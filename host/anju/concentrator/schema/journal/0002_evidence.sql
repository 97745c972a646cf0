-- Digest of the node's last statement, so that one that comes again under another counter is recorded once.
ALTER TABLE node ADD COLUMN evidence BLOB NOT NULL DEFAULT x'';
