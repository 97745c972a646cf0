-- Downlink counters end here: what is above may be used by a PC that takes this one's place with an exported identity.
ALTER TABLE link ADD COLUMN most INTEGER NOT NULL DEFAULT 4294967295;
