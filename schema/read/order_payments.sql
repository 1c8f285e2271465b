select t.parent_id, null, :columns
from order_payments t
where t.parent_id = any(:keys)
order by t.parent_id, t.entity_id
