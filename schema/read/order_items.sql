select t.order_id, null, :columns
from order_items t
where t.order_id = any(:keys)
order by t.order_id, t.item_id
