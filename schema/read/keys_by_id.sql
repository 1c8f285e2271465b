array[$1::bigint]
