-- Whether the log that is read now is the one the checkpoint is of: a server
-- whose log was reset begins again with the same names and numbers.
alter table ficus.checkpoint
    add column log_created bigint not null default 0, -- Unix time of file_position's file; 0: not known
    add column source_time bigint not null default 0; -- Unix time of the last event; 0: not known

-- How the connection to the source fares.
alter table ficus.status
    add column connected     boolean not null default false,
    add column reconnects    bigint not null default 0,  -- since cdc started
    add column last_error    text not null default '',
    add column last_error_at timestamptz,
    add column until_purge_s double precision;           -- estimate; null: not known, or never
