select t.parent_id, t.address_type, :columns
from order_addresses t
where t.parent_id = any(:keys)
order by t.parent_id, t.entity_id
