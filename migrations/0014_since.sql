-- bootstrap.since as it holds for this copy: of a domain that stands here the
-- copy has only roots whose updated_at is not less than `bound`, and what
-- hangs on them. What it lacks is not known, rather than absent.
create table ficus.since (
    domain  text primary key,
    setting text not null,      -- as it was written: '2024-01-31', '18 months'
    bound   text not null       -- UTC: '2024-01-31 00:00:00'
);
