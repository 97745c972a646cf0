-- By which a row that is cut off finds what names it.
CREATE INDEX outbox_of_row ON outbox (seq);
