select t.product_id, null, :columns
from product_websites t
where t.product_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.product_id, t.website_id
