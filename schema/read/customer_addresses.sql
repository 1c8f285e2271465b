select t.parent_id, null, :columns
from customer_addresses t
join customers c on c.entity_id = t.parent_id
left join customer_address_values v
       on v.entity_id = t.entity_id and v.store_id = 0
where t.parent_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.parent_id, t.entity_id
