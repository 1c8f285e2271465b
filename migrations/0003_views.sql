-- Flat records for people and services: one row per present entity, well-known
-- attributes as typed columns, all attributes of the default scope as jsonb.
--
-- A typed column is filled only where the shop's attribute of that code has
-- the backend type that Magento installs it with; odd data gives null, never
-- an error. Subqueries in the column lists cost only those who select them.

create function ficus.as_numeric(value jsonb) returns numeric
    language sql immutable parallel safe
    return case jsonb_typeof(value) when 'number' then value::numeric end;

create function ficus.as_integer(value jsonb) returns bigint
    language sql immutable parallel safe
    return case jsonb_typeof(value) when 'number' then
        case when abs(value::numeric) < 1e18 then value::numeric::bigint end
    end;

-- "YYYY-MM-DD" or "YYYY-MM-DD hh:mm:ss", a day that there is.
create function ficus.as_timestamp(value jsonb) returns timestamp
    language sql stable parallel safe
    return case when value #>> '{}' ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])( ([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]{1,6})?)?$'
        then case when substr(value #>> '{}', 9, 2)::integer
            <= extract(day from make_date(substr(value #>> '{}', 1, 4)::integer,
                                          substr(value #>> '{}', 6, 2)::integer,
                                          1)
                       + interval '1 month' - interval '1 day')
        then (value #>> '{}')::timestamp end
    end;

-- Backend types of an entity type's attributes by code, as the shop has them.
create function ficus.attribute_backends(entity_type text) returns jsonb
    language sql stable parallel safe
    begin atomic
        select coalesce(jsonb_object_agg(a.attribute_code, a.backend_type), '{}')
        from attributes a
        join entity_types t on t.entity_type_id = a.entity_type_id
        where t.entity_type_code = entity_type and a.attribute_code is not null;
    end;

create view customer_records as
select c.*,
    g.customer_group_code as group_code,
    w.code as website_code,
    s.code as store_code,
    coalesce(v.attributes, '{}') as attributes
from customers c
left join customer_values v on v.entity_id = c.entity_id and v.store_id = 0
left join customer_groups g on g.customer_group_id = c.group_id
left join websites w on w.website_id = c.website_id
left join stores s on s.store_id = c.store_id;

create view product_records as
select p.*,
    case k.backend ->> 'name' when 'varchar'
        then v.attributes ->> 'name' end as name,
    case k.backend ->> 'status' when 'int'
        then ficus.as_integer(v.attributes -> 'status') end as status,
    case k.backend ->> 'visibility' when 'int'
        then ficus.as_integer(v.attributes -> 'visibility') end as visibility,
    case k.backend ->> 'price' when 'decimal'
        then ficus.as_numeric(x.attributes -> 'price') end as price,
    case k.backend ->> 'special_price' when 'decimal'
        then ficus.as_numeric(x.attributes -> 'special_price') end as special_price,
    case k.backend ->> 'special_from_date' when 'datetime'
        then ficus.as_timestamp(v.attributes -> 'special_from_date') end as special_from_date,
    case k.backend ->> 'special_to_date' when 'datetime'
        then ficus.as_timestamp(v.attributes -> 'special_to_date') end as special_to_date,
    case k.backend ->> 'cost' when 'decimal'
        then ficus.as_numeric(x.attributes -> 'cost') end as cost,
    case k.backend ->> 'weight' when 'decimal'
        then ficus.as_numeric(x.attributes -> 'weight') end as weight,
    case k.backend ->> 'tax_class_id' when 'int'
        then ficus.as_integer(v.attributes -> 'tax_class_id') end as tax_class_id,
    case k.backend ->> 'url_key' when 'varchar'
        then v.attributes ->> 'url_key' end as url_key,
    case k.backend ->> 'short_description' when 'text'
        then v.attributes ->> 'short_description' end as short_description,
    case k.backend ->> 'description' when 'text'
        then v.attributes ->> 'description' end as description,
    case k.backend ->> 'image' when 'varchar'
        then v.attributes ->> 'image' end as image,
    case k.backend ->> 'manufacturer' when 'int'
        then ficus.as_integer(v.attributes -> 'manufacturer') end as manufacturer,
    case k.backend ->> 'color' when 'int'
        then ficus.as_integer(v.attributes -> 'color') end as color,
    (select array_agg(w.website_id order by w.website_id)
        from product_websites w where w.product_id = p.entity_id) as website_ids,
    (select array_agg(c.category_id order by c.category_id)
        from product_categories c where c.product_id = p.entity_id) as category_ids,
    (select s.qty from stock_items s where s.product_id = p.entity_id
        order by s.stock_id limit 1) as qty,
    (select s.is_in_stock from stock_items s where s.product_id = p.entity_id
        order by s.stock_id limit 1) as is_in_stock,
    coalesce(v.attributes, '{}') || coalesce(x.attributes, '{}') as attributes
from products p
left join product_values v on v.entity_id = p.entity_id and v.store_id = 0
left join product_prices x on x.entity_id = p.entity_id and x.store_id = 0
cross join (select ficus.attribute_backends('catalog_product') as backend offset 0) k;

-- A product in a store view (0: the default scope) as Magento loads a single
-- one: a row of the store overrides that of the default scope even where it is
-- null, attributes of global scope (is_global 1) have no rows but those of the
-- default scope, and only attributes of the product's set count.
create function product_record(entity_id bigint, store_id integer default 0)
    returns setof product_records
    language sql stable parallel safe
    begin atomic
select p.*,
    case k.backend ->> 'name' when 'varchar'
        then r.attributes ->> 'name' end as name,
    case k.backend ->> 'status' when 'int'
        then ficus.as_integer(r.attributes -> 'status') end as status,
    case k.backend ->> 'visibility' when 'int'
        then ficus.as_integer(r.attributes -> 'visibility') end as visibility,
    case k.backend ->> 'price' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'price') end as price,
    case k.backend ->> 'special_price' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'special_price') end as special_price,
    case k.backend ->> 'special_from_date' when 'datetime'
        then ficus.as_timestamp(r.attributes -> 'special_from_date') end as special_from_date,
    case k.backend ->> 'special_to_date' when 'datetime'
        then ficus.as_timestamp(r.attributes -> 'special_to_date') end as special_to_date,
    case k.backend ->> 'cost' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'cost') end as cost,
    case k.backend ->> 'weight' when 'decimal'
        then ficus.as_numeric(r.attributes -> 'weight') end as weight,
    case k.backend ->> 'tax_class_id' when 'int'
        then ficus.as_integer(r.attributes -> 'tax_class_id') end as tax_class_id,
    case k.backend ->> 'url_key' when 'varchar'
        then r.attributes ->> 'url_key' end as url_key,
    case k.backend ->> 'short_description' when 'text'
        then r.attributes ->> 'short_description' end as short_description,
    case k.backend ->> 'description' when 'text'
        then r.attributes ->> 'description' end as description,
    case k.backend ->> 'image' when 'varchar'
        then r.attributes ->> 'image' end as image,
    case k.backend ->> 'manufacturer' when 'int'
        then ficus.as_integer(r.attributes -> 'manufacturer') end as manufacturer,
    case k.backend ->> 'color' when 'int'
        then ficus.as_integer(r.attributes -> 'color') end as color,
    (select array_agg(w.website_id order by w.website_id)
        from product_websites w where w.product_id = p.entity_id) as website_ids,
    (select array_agg(c.category_id order by c.category_id)
        from product_categories c where c.product_id = p.entity_id) as category_ids,
    (select s.qty from stock_items s where s.product_id = p.entity_id
        order by s.stock_id limit 1) as qty,
    (select s.is_in_stock from stock_items s where s.product_id = p.entity_id
        order by s.stock_id limit 1) as is_in_stock,
    r.attributes
from products p
left join product_values d on d.entity_id = p.entity_id and d.store_id = 0
left join product_prices e on e.entity_id = p.entity_id and e.store_id = 0
left join product_values s on s.entity_id = p.entity_id
    and s.store_id = product_record.store_id
left join product_prices t on t.entity_id = p.entity_id
    and t.store_id = product_record.store_id
cross join lateral (
    select coalesce(d.attributes, '{}') || coalesce(e.attributes, '{}') as of_default,
        coalesce(s.attributes, '{}') || coalesce(t.attributes, '{}') as of_store
    offset 0) scope
cross join lateral (
    select coalesce(jsonb_object_agg(a.attribute_code,
        case when scope.of_store ? a.attribute_code
                and c.is_global is distinct from 1
            then scope.of_store -> a.attribute_code
            else scope.of_default -> a.attribute_code end), '{}') as attributes
    from attribute_set_members m
    join attributes a on a.attribute_id = m.attribute_id
    left join catalog_attributes c on c.attribute_id = a.attribute_id
    where m.attribute_set_id = p.attribute_set_id
        and (scope.of_default ? a.attribute_code
            or (scope.of_store ? a.attribute_code
                and c.is_global is distinct from 1))) r
cross join (select ficus.attribute_backends('catalog_product') as backend offset 0) k
where p.entity_id = product_record.entity_id;
    end;

create view category_records as
select c.*,
    case k.backend ->> 'name' when 'varchar'
        then v.attributes ->> 'name' end as name,
    case k.backend ->> 'is_active' when 'int'
        then ficus.as_integer(v.attributes -> 'is_active') end as is_active,
    case k.backend ->> 'include_in_menu' when 'int'
        then ficus.as_integer(v.attributes -> 'include_in_menu') end as include_in_menu,
    case k.backend ->> 'is_anchor' when 'int'
        then ficus.as_integer(v.attributes -> 'is_anchor') end as is_anchor,
    case k.backend ->> 'display_mode' when 'varchar'
        then v.attributes ->> 'display_mode' end as display_mode,
    case k.backend ->> 'url_key' when 'varchar'
        then v.attributes ->> 'url_key' end as url_key,
    case k.backend ->> 'url_path' when 'varchar'
        then v.attributes ->> 'url_path' end as url_path,
    case k.backend ->> 'description' when 'text'
        then v.attributes ->> 'description' end as description,
    case k.backend ->> 'image' when 'varchar'
        then v.attributes ->> 'image' end as image,
    coalesce(v.attributes, '{}') as attributes
from categories c
left join category_values v on v.entity_id = c.entity_id and v.store_id = 0
cross join (select ficus.attribute_backends('catalog_category') as backend offset 0) k;

create view order_records as
select o.*,
    s.code as store_code,
    (select p.method from order_payments p where p.parent_id = o.entity_id
        order by p.entity_id limit 1) as payment_method,
    (select to_jsonb(a) from order_addresses a where a.parent_id = o.entity_id
        and a.address_type = 'billing' order by a.entity_id limit 1) as billing_address,
    (select to_jsonb(a) from order_addresses a where a.parent_id = o.entity_id
        and a.address_type = 'shipping' order by a.entity_id limit 1) as shipping_address,
    (select coalesce(jsonb_agg(to_jsonb(i) order by i.item_id), '[]')
        from order_items i where i.order_id = o.entity_id) as items
from orders o
left join stores s on s.store_id = o.store_id;
