-- May the copy answer? One row; none before anything was replicated. Ages are
-- PostgreSQL's clock against itself, since the status row is written by it too.
-- The status must be the present applier's; the newest commit may be its
-- predecessor's, until the source has something new. The client's last ticket is
-- one step in an index: max() would be planned as a scan of all it ever took.
-- What is to be read again (ficus.refetch) was committed with the row it is
-- about, before any status could say that the domain is not fresh.
-- What bootstrap.since left out of a domain the copy can't list.
--   $1 domain   $2 hash of the client's key, or null
select s.state,
       s.lag_ms,
       floor(extract(epoch from clock_timestamp() - s.written_at) * 1000)::bigint,
       case $1::text
           when 'customer' then s.customer_fresh
           when 'catalog' then s.catalog_fresh
           when 'order' then s.order_fresh
       end and not exists (select from ficus.refetch r
                           where r.domain in ($1::text, 'metadata')),
       s.epoch = e.epoch and c.epoch <= e.epoch,
       e.epoch,
       s.postgres_start = pg_postmaster_start_time(),
       floor(extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint,
       s.system_identifier,
       c.passed_ticket,
       (select t.n from ficus.ticket t where t.client = $2::bytea
        order by t.n desc limit 1),
       exists (select from ficus.since where domain = $1::text)
from ficus.status s
cross join ficus.epoch e
cross join (select epoch, passed_ticket from ficus.checkpoint
            order by seq desc limit 1) c
