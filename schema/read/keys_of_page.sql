select set_config('ficus.keys',
    array(select k.entity_id from :table k order by k.entity_id
          limit $1::bigint offset $2::bigint)::text, true)
