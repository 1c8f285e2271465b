-- Source tables whose definition is not known at the checkpoint: altered there,
-- and again before the server could be asked. A later statement of the log
-- makes them known.
create table ficus.source_unknown (
    table_name text primary key
);
