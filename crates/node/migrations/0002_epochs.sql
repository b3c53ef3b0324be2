-- What has become of an epoch and of the secrets of its ceremony, once and for
-- good. about: the context of a ceremony (its key share), or its proposal
-- digest (its seeds). what: 'canary' when the canary opened through the new
-- shares; 'erased' before the secret is erased, so that a restart ends it.
CREATE TABLE mark (
    about     BLOB    NOT NULL,
    what      TEXT    NOT NULL,
    marked_at INTEGER NOT NULL,
    PRIMARY KEY (about, what)
) STRICT, WITHOUT ROWID;
