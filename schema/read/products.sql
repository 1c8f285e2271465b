-- Only the attributes of the product's set count, as for Magento; a deleted
-- attribute is in none.
with sets as materialized (
    select m.attribute_set_id, array_agg(a.attribute_code) as codes
    from attribute_set_members m
    join attributes a on a.attribute_id = m.attribute_id
    where m.attribute_set_id in (select k.attribute_set_id from products k
                                 where k.entity_id = any(current_setting('ficus.keys', true)::bigint[]))
    group by m.attribute_set_id
)
select t.entity_id, null, :columns
from products t
left join product_values v on v.entity_id = t.entity_id and v.store_id = 0
left join product_prices p on p.entity_id = t.entity_id and p.store_id = 0
left join sets s on s.attribute_set_id = t.attribute_set_id
left join lateral (
    select jsonb_object_agg(e.key, e.value) as attributes
    from jsonb_each(coalesce(v.attributes, '{}') || coalesce(p.attributes, '{}')) e
    where e.key = any(s.codes)
) a on true
where t.entity_id = any(current_setting('ficus.keys', true)::bigint[])
order by t.entity_id
