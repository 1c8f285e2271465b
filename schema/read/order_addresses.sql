select t.parent_id, t.address_type, :columns
from order_addresses t
where t.parent_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.parent_id, t.entity_id
