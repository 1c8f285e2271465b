-- Asked for because a parent was found gone ahead of the stream: read once
-- more when read_position has passed.
alter table ficus.refetch
    add column again boolean not null default false;
