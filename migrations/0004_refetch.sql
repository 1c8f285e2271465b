-- What must be read again from the source, because the log did not say all of
-- it: rows whose image lacked columns, tables whose data changed without rows.
-- Written in the commit of the event that asked, so that a reader who sees the
-- event's transaction sees the request too: a domain is not fresh while it has
-- one ('metadata' counts for all). Deleted in the first commit whose position
-- contains read_position.
create table ficus.refetch (
    id            bigint generated always as identity primary key,
    domain        text not null,
    source_table  text not null,            -- as on the source, with prefix
    selection     text not null default '', -- 'entity_id=5,store_id=1'; '': the whole table
    progress      text not null default '', -- whole table: key of the last row read
    read_position text,                     -- null: not read yet
    attempts      integer not null default 0,
    error         text not null default '', -- of the last attempt
    requested_at  timestamptz not null default clock_timestamp()
);
create unique index refetch_selection on ficus.refetch (source_table, selection);
create index refetch_domain on ficus.refetch (domain);
