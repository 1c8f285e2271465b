"""What Magento's single load would give, worked out in plain SQL on the source
and held against product_record(), category_record() and the flat views.

Shares nothing with the transform: values are found as
Eav\\Model\\ResourceModel\\ReadHandler finds them (attributes of the entity's
set, their value table, rows of store 0 and of the store, the latter winning
even when they hold NULL, but not for attributes of global scope)."""

import decimal
import json

BACKENDS = ("datetime", "decimal", "int", "text", "varchar")
# kind: (entity table, function, view, target table)
SCOPED = {
    "catalog_product": ("catalog_product_entity", "product_record",
                        "product_records", "products"),
    "catalog_category": ("catalog_category_entity", "category_record",
                         "category_records", "categories"),
}
# Typed columns of the views, with the backend type that fills them.
TYPED = {
    "catalog_product": {
        "name": "varchar", "status": "int", "visibility": "int",
        "price": "decimal", "special_price": "decimal",
        "special_from_date": "datetime", "special_to_date": "datetime",
        "cost": "decimal", "weight": "decimal", "tax_class_id": "int",
        "url_key": "varchar", "description": "text", "image": "varchar",
        "short_description": "text", "manufacturer": "int", "color": "int"},
    "catalog_category": {
        "name": "varchar", "is_active": "int", "include_in_menu": "int",
        "is_anchor": "int", "display_mode": "varchar", "url_key": "varchar",
        "url_path": "varchar", "description": "text", "image": "varchar"},
}
SINGLE_LOAD = """
select e.entity_id, s.store_id, a.attribute_code,
    case when o.value_id is null then d.value else o.value end
from {p}{entity} e
cross join {p}store s
join {p}eav_entity_attribute m on m.attribute_set_id = e.attribute_set_id
join {p}eav_attribute a on a.attribute_id = m.attribute_id
join {p}eav_entity_type t on t.entity_type_id = a.entity_type_id
left join {p}catalog_eav_attribute c on c.attribute_id = a.attribute_id
left join {p}{entity}_{backend} d on d.entity_id = e.entity_id
    and d.attribute_id = a.attribute_id and d.store_id = 0
left join {p}{entity}_{backend} o on o.entity_id = e.entity_id
    and o.attribute_id = a.attribute_id and o.store_id = s.store_id
    and o.store_id <> 0 and coalesce(c.is_global, 0) <> 1
where t.entity_type_code = '{kind}' and a.backend_type <> 'static'
    and coalesce(nullif(a.backend_table, ''),
                 concat('{entity}_', a.backend_type)) = '{entity}_{backend}'
    and (d.value_id is not null or o.value_id is not null)
"""
CUSTOMERS = """
select e.entity_id, a.attribute_code, v.value
from {p}customer_entity e
join {p}customer_entity_{backend} v on v.entity_id = e.entity_id
join {p}eav_attribute a on a.attribute_id = v.attribute_id
join {p}eav_entity_type t on t.entity_type_id = a.entity_type_id
where t.entity_type_code = 'customer' and a.backend_type = '{backend}'
"""
CUSTOMER_CODES = """
select e.entity_id, g.customer_group_code, w.code, s.code
from {p}customer_entity e
left join {p}customer_group g on g.customer_group_id = e.group_id
left join {p}store_website w on w.website_id = e.website_id
left join {p}store s on s.store_id = e.store_id
"""
ORDERS = """
select o.entity_id, s.code,
    (select method from {p}sales_order_payment p
        where p.parent_id = o.entity_id order by p.entity_id limit 1),
    (select city from {p}sales_order_address a where a.address_type = 'billing'
        and a.parent_id = o.entity_id order by a.entity_id limit 1),
    (select city from {p}sales_order_address a where a.address_type = 'shipping'
        and a.parent_id = o.entity_id order by a.entity_id limit 1),
    (select count(*) from {p}sales_order_item i where i.order_id = o.entity_id),
    (select group_concat(i.sku order by i.item_id) from {p}sales_order_item i
        where i.order_id = o.entity_id)
from {p}sales_order o left join {p}store s on s.store_id = o.store_id
"""


def plain(value):
    if isinstance(value, (int, float, decimal.Decimal)):
        return decimal.Decimal(str(value))
    if value is None or str(value).startswith("0000-00-00"):
        return None
    return str(value)


class Semantics:
    def __init__(self, source, source_database, target, target_database,
                 prefix=""):
        self.source, self.sdb = source, source_database
        self.target, self.tdb = target, target_database
        self.prefix = prefix
        self.wrong = []
        self.compared = 0

    def ask(self, sql, **names):
        self.s.execute(sql.format(p=self.prefix, **names))
        return self.s.fetchall()

    def told(self, sql):
        return self.t.execute(sql).fetchall()

    def differ(self, what, left, right):
        for key in sorted(left.keys() | right.keys(), key=str):
            self.compared += 1
            if key not in right:
                self.wrong.append(f"{what} {key}: missing")
            elif key not in left:
                self.wrong.append(f"{what} {key}: not what Magento loads")
            elif left[key] != right[key]:
                self.wrong.append(f"{what} {key}: Magento {left[key]!r}, "
                                  f"here {right[key]!r}")

    def loaded(self, kind):
        """(entity, store): {code: value} for all there are."""
        entity = SCOPED[kind][0]
        found = {(e, s): {} for e, s in self.ask(
            "select entity_id, store_id from {p}{entity} cross join {p}store",
            entity=entity)}
        for backend in BACKENDS:
            for e, s, code, value in self.ask(SINGLE_LOAD, entity=entity,
                                              kind=kind, backend=backend):
                found[e, s][code] = plain(value)
        return found

    def typed(self, kind, values):
        backends = dict(self.ask(
            "select attribute_code, backend_type from {p}eav_attribute a join "
            "{p}eav_entity_type t using (entity_type_id) where "
            "t.entity_type_code = '{kind}'", kind=kind))
        return {key: {column: record.get(column)
                      if backends.get(column) == backend else None
                      for column, backend in TYPED[kind].items()}
                for key, record in values.items()}

    def scoped(self, kind):
        entity, function, view, table = SCOPED[kind]
        columns = list(TYPED[kind])
        listed = ", ".join("r." + c for c in columns)
        values = self.loaded(kind)
        typed = self.typed(kind, values)
        for what, sql in (
                (function, f"select e.entity_id, s.store_id, r.attributes::text, "
                 f"{listed} from {table} e cross join stores s cross join "
                 f"lateral {function}(e.entity_id, s.store_id) r"),
                (view, "select r.entity_id, 0, r.attributes::text, "
                 f"{listed} from {view} r")):
            found, filled = {}, {}
            for e, s, text, *row in self.told(sql):
                found[e, s] = {k: plain(v) for k, v in json.loads(
                    text, parse_float=decimal.Decimal).items()}
                filled[e, s] = dict(zip(columns, map(plain, row)))
            only = {k: v for k, v in values.items()
                    if what == function or k[1] == 0}
            self.differ(what, only, found)
            self.differ(what + " columns",
                        {k: typed[k] for k in only}, filled)

    def customers(self):
        values = {e: {} for e, in self.ask(
            "select entity_id from {p}customer_entity")}
        for backend in BACKENDS:
            for e, code, value in self.ask(CUSTOMERS, backend=backend):
                values[e][code] = plain(value)
        self.differ("customer_records", values, {
            e: {k: plain(v) for k, v in json.loads(
                text, parse_float=decimal.Decimal).items()}
            for e, text in self.told(
                "select entity_id, attributes::text from customer_records")})
        self.differ("customer_records codes",
                    {e: tuple(r) for e, *r in self.ask(CUSTOMER_CODES)},
                    {e: tuple(r) for e, *r in self.told(
                        "select entity_id, group_code, website_code, "
                        "store_code from customer_records")})

    def orders(self):
        self.s.execute("set group_concat_max_len = 1000000")
        self.differ("order_records",
                    {e: tuple(r) for e, *r in self.ask(ORDERS)},
                    {e: tuple(r) for e, *r in self.told(
                        "select entity_id, store_code, payment_method, "
                        "billing_address ->> 'city', shipping_address ->> "
                        "'city', jsonb_array_length(items), (select "
                        "string_agg(i ->> 'sku', ',' order by (i ->> "
                        "'item_id')::bigint) from jsonb_array_elements(items) "
                        "i) from order_records")})

    def all(self):
        with self.source.connect(self.sdb) as s, \
                self.target.connect(self.tdb) as t:
            self.s, self.t = s.cursor(), t.cursor()
            self.s.execute("set time_zone = '+00:00'")
            self.s.execute("start transaction with consistent snapshot")
            self.t.execute("begin isolation level repeatable read")
            for kind in SCOPED:
                self.scoped(kind)
            self.customers()
            self.orders()
        return self.wrong


def differences(*args, **more):
    found = Semantics(*args, **more)
    found.all()
    assert found.compared > 0
    return found.wrong
