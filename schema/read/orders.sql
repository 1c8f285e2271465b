select t.entity_id, null, :columns
from orders t
where t.entity_id = any(:keys)
order by t.entity_id
