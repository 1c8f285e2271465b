-- What reads that wait for their fence wait for.
select passed_ticket from ficus.checkpoint order by seq desc limit 1
