-- What a read is about, for the statements behind it in the transaction.
select set_config('ficus.keys', array[$1::bigint]::text, true)
