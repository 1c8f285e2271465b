select t.parent_id, null, :columns
from order_status_history t
where t.parent_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.parent_id, t.created_at desc, t.entity_id desc
