select t.product_id, null, :columns
from product_categories t
where t.product_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.product_id, t.category_id
