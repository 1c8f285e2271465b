-- Dead letters of these records; more than the reader looks at means all.
select record, key from ficus.dead_letters where record = any($1::text[]) limit 33
