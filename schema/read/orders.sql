select t.entity_id, null, :columns
from orders t
where t.entity_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.entity_id
