-- What an operator asks to be read again (cdc --resync), and how far that is.
alter table ficus.refetch
    add column resync     boolean not null default false,
    add column rows_total bigint not null default 0, -- estimate, as of the request
    add column rows_read  bigint not null default 0; -- of the source, so far
