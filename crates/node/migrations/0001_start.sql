-- Whose database this is: a committee's member, by its identity address. One
-- row, written when the database is made.
CREATE TABLE owner (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    chain_id     INTEGER NOT NULL,
    contract     BLOB    NOT NULL,
    committee_id INTEGER NOT NULL,
    identity     BLOB    NOT NULL
) STRICT;

-- Where the follower of final logs stands. One row.
CREATE TABLE follower (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    block_number INTEGER NOT NULL,
    block_hash   BLOB    NOT NULL
) STRICT;

-- The final events of this committee's ceremonies, so that a restart replays
-- them without an endpoint that may have pruned them.
CREATE TABLE ceremony_log (
    ceremony     INTEGER NOT NULL,
    block_number INTEGER NOT NULL,
    log_index    INTEGER NOT NULL,
    topics       BLOB    NOT NULL,
    data         BLOB    NOT NULL,
    PRIMARY KEY (ceremony, block_number, log_index)
) STRICT, WITHOUT ROWID;

-- What this node says in a ceremony, written before it is sent: a restart
-- sends these bytes, and no others. scope: the ceremony's proposal digest.
CREATE TABLE journal (
    scope      BLOB    NOT NULL,
    step       TEXT    NOT NULL,
    call       BLOB    NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (scope, step)
) STRICT;

-- The public keys that a ceremony made, 96 bytes each.
CREATE TABLE epoch_keys (
    context     BLOB PRIMARY KEY,
    network_key BLOB NOT NULL,
    node_keys   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What this node released, in its own signed words (JSON), numbered from 1
-- without gaps. link: a hash over this receipt and all before it.
CREATE TABLE receipt (
    sequence       INTEGER PRIMARY KEY,
    link           BLOB    NOT NULL,
    time           INTEGER NOT NULL,
    account        BLOB    NOT NULL,
    request_digest BLOB    NOT NULL,
    receipt        TEXT    NOT NULL
) STRICT;
