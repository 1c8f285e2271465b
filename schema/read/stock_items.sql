select t.product_id, null, :columns
from stock_items t
where t.product_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.product_id, t.stock_id, t.item_id
