select t.parent_id, null, :columns
from order_payments t
where t.parent_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.parent_id, t.entity_id
