-- As Magento: $1 holds the SKU's key for each collation it can be of. Equal under the source's collation, the lowest id of several.
select set_config('ficus.keys',
    array(select k.entity_id from products k where k.sku_key = any($1::text[])
          order by k.entity_id limit 1)::text, true)
