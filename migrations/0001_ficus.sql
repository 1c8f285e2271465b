-- The contract between cdc and router: where the copy stands, whether it is
-- well, who asked for what. cdc writes all of it but tickets and flags.
create schema if not exists ficus;

-- One row per commit of the applier, written last in its transaction and read
-- by "order by seq desc limit 1": a single row updated in place would cost
-- every reader a chain of dead versions while an old snapshot is open.
create table ficus.checkpoint (
    seq           bigint primary key,
    epoch         bigint not null,
    position      text not null,            -- canonical: mysql:…, mariadb:…, file:…
    file_position text not null default '', -- where that stands in the log, informational
    source_id     text not null,            -- identity of the server the position is of
    passed_ticket bigint not null default 0,
    transactions  bigint not null default 0, -- source transactions applied so far
    changes       bigint not null default 0, -- source rows applied so far
    committed_at  timestamptz not null default clock_timestamp()
);

-- The applier that may commit: each commit holds this row FOR KEY SHARE and
-- checks the number; a successor raises it.
create table ficus.epoch (
    one        boolean primary key default true check (one),
    epoch      bigint not null,
    backend    integer not null,
    instance   text not null,
    started_at timestamptz not null default clock_timestamp()
);

-- Written by cdc's second connection every 250 ms and on demand.
create table ficus.status (
    one               boolean primary key default true check (one),
    epoch             bigint not null,
    state             text not null check (state in
                      ('bootstrapping', 'catching_up', 'streaming', 'paused', 'failed')),
    position          text not null,
    head              text not null,
    lag_ms            bigint,               -- null: unknown, which readers take for high
    customer_fresh    boolean not null,
    catalog_fresh     boolean not null,
    order_fresh       boolean not null,
    unhealthy_keys    bigint not null,
    failures_in_row   integer not null,
    postgres_start    timestamptz not null,
    system_identifier bigint not null,
    reason            text not null default '',
    written_at        timestamptz not null
) with (fillfactor = 10);

-- Read-your-writes without clocks. The router takes n after Magento answered
-- and before it releases the answer; cdc samples the source's head after it
-- saw n and records passed_ticket >= n in the commit that contains that head.
create table ficus.ticket (
    n        bigint generated always as identity primary key,
    client   bytea,                         -- hash of the client's key; null: no client
    router   text not null,
    taken_at timestamptz not null default clock_timestamp()
);
create index ticket_client on ficus.ticket (client, n) where client is not null;

create function ficus.ticket_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('ficus_ticket', '');
    return null;
end $$;
create trigger ticket_notify after insert on ficus.ticket
    for each statement execute function ficus.ticket_notify();

create table ficus.feature_flags (
    name       text primary key,
    enabled    boolean not null default false,
    percent_bp integer not null default 10000 check (percent_bp between 0 and 10000),
    reason     text not null default '',
    actor      text not null default '',
    version    bigint not null default 1,
    until      timestamptz,                 -- then it goes back to off
    updated_at timestamptz not null default clock_timestamp()
);
insert into ficus.feature_flags (name, enabled, reason, actor) values
    ('customer_read', false, 'initial', 'migration'),
    ('catalog_read', false, 'initial', 'migration'),
    ('order_read', false, 'initial', 'migration');

create table ficus.feature_flags_audit (
    id         bigint generated always as identity primary key,
    name       text not null,
    enabled    boolean not null,
    percent_bp integer not null,
    reason     text not null,
    actor      text not null,
    version    bigint not null,
    until      timestamptz,
    changed_at timestamptz not null default clock_timestamp()
);

-- Every change gets a new version and an audit row, whoever makes it.
create function ficus.flag_changed() returns trigger language plpgsql as $$
begin
    new.version := old.version + 1;
    new.updated_at := clock_timestamp();
    return new;
end $$;
create trigger flag_changed before update on ficus.feature_flags
    for each row execute function ficus.flag_changed();

create function ficus.flag_audited() returns trigger language plpgsql as $$
begin
    insert into ficus.feature_flags_audit
        (name, enabled, percent_bp, reason, actor, version, until)
        values (new.name, new.enabled, new.percent_bp, new.reason, new.actor,
                new.version, new.until);
    perform pg_notify('ficus_flags', new.name);
    return null;
end $$;
create trigger flag_audited after insert or update on ficus.feature_flags
    for each row execute function ficus.flag_audited();

-- Record changes the target refused, as BSON (record_change). Values are in
-- record only; error has SQLSTATE, table, column and constraint names.
create table ficus.dead_letters (
    id         bigint generated always as identity primary key,
    domain     text not null,
    record     text not null,               -- target table
    key        text not null,               -- "entity_id=5"
    change     bytea not null,
    position   text not null,
    error      text not null,
    attempts   integer not null default 1,
    created_at timestamptz not null default clock_timestamp()
);
create index dead_letters_key on ficus.dead_letters (record, key);

-- replication.audit: one row per applied source transaction.
create table ficus.audit (
    transaction text primary key,           -- GTID, or file:offset of its end
    ordinal     bigint not null unique,     -- order of application
    seq         bigint not null,            -- checkpoint.seq it came with
    changes     bigint not null
);

-- The source's schema as of the checkpoint: what TABLE_MAP does not say.
create table ficus.source_columns (
    table_name  text not null,
    ordinal     integer not null,           -- from 1
    name        text not null,
    column_type text not null,
    charset     text not null default '',
    nullable    boolean not null,
    key_place   integer not null default 0,
    primary key (table_name, ordinal)
);
create table ficus.source_foreign_keys (
    constraint_name text not null,
    child_table     text not null,
    place           integer not null,       -- of the column within the key, from 1
    child_column    text not null,
    parent_table    text not null,
    parent_column   text not null,
    on_delete       text not null,
    on_update       text not null,
    primary key (child_table, constraint_name, place)
);

-- One row per chunk of a bootstrap or resync, kept until the stream has passed
-- read_position: until then its domain is not fresh.
create table ficus.chunks (
    id            bigint generated always as identity primary key,
    domain        text not null,
    family        text not null,            -- root source table
    from_key      bigint,                   -- inclusive; null: open
    to_key        bigint,                   -- exclusive; null: open
    rows          bigint,
    read_position text,                     -- null: not read yet
    done_at       timestamptz
);
create table ficus.bootstrap (
    one            boolean primary key default true check (one),
    start_position text not null,           -- P0
    source_id      text not null,
    started_at     timestamptz not null default clock_timestamp(),
    copied_at      timestamptz,
    finished_at    timestamptz
);
