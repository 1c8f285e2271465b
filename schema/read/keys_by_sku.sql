-- As Magento: equal under the source's collation, the lowest id of several.
select set_config('ficus.keys',
    array(select k.entity_id from products k where k.sku_key = ficus.fold($1)
          order by k.entity_id limit 1)::text, true)
