select t.parent_id, null, :columns
from order_status_history t
where t.parent_id = any(:keys)
order by t.parent_id, t.created_at desc, t.entity_id desc
