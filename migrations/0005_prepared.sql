-- Rows of XA transactions that are prepared and not yet decided. They are
-- written with the checkpoint behind XA PREPARE and taken away by the commit
-- of XA COMMIT or XA ROLLBACK, so that they follow the checkpoint through
-- crash and takeover.
create table ficus.prepared (
    xid         text not null,              -- "X'<gtrid>',X'<bqual>',<format>"
    start       bigint not null,            -- bytes of the same xid before this part
    rows        bytea not null,             -- BSON documents, one per source row, in order
    prepared_at timestamptz not null default clock_timestamp(),
    primary key (xid, start)
);
-- Read once, whole; compressing it would cost more than it saves.
alter table ficus.prepared alter column rows set storage external;

-- Does the engine of the table roll back? What a ROLLBACK in the log did
-- depends on it. Unknown, as of copies older than this, counts as no.
alter table ficus.source_columns
    add column transactional boolean not null default false;
