select t.order_id, null, :columns
from order_items t
where t.order_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.order_id, t.item_id
