-- As Magento: equal under the source's collation, the lowest id of several.
array(select k.entity_id from products k where k.sku_key = ficus.fold($1)
      order by k.entity_id limit 1)
