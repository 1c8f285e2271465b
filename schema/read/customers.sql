select t.entity_id, null, :columns
from customers t
left join customer_values v on v.entity_id = t.entity_id and v.store_id = 0
where t.entity_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.entity_id
