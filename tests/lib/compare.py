"""Does the copy equal the source? Plain SQL on both sides, value by value.

Independent of the mapping and of the transform on purpose: which source table
stands in which target table, and what is secret, is written down here again.
"""

import datetime
import decimal
import json

# source table: target table
FLAT = {
    "store": "stores", "store_group": "store_groups",
    "store_website": "websites", "eav_entity_type": "entity_types",
    "eav_attribute": "attributes", "catalog_eav_attribute": "catalog_attributes",
    "customer_eav_attribute": "customer_attributes",
    "eav_attribute_set": "attribute_sets",
    "eav_attribute_group": "attribute_groups",
    "eav_entity_attribute": "attribute_set_members",
    "eav_attribute_option": "attribute_options",
    "eav_attribute_option_value": "attribute_option_values",
    "customer_group": "customer_groups",
    "customer_entity": "customers",
    "customer_address_entity": "customer_addresses",
    "catalog_product_entity": "products",
    "catalog_category_entity": "categories",
    "catalog_product_website": "product_websites",
    "catalog_category_product": "product_categories",
    "cataloginventory_stock": "stocks",
    "cataloginventory_stock_item": "stock_items",
    "sales_order": "orders", "sales_order_item": "order_items",
    "sales_order_address": "order_addresses",
    "sales_order_payment": "order_payments",
    "sales_order_status_history": "order_status_history",
    "customer_eav_attribute_website": "customer_attribute_websites",
    "eav_attribute_label": "attribute_labels",
    "eav_attribute_option_swatch": "attribute_option_swatches",
    "customer_group_excluded_website": "customer_group_excluded_websites",
    "tax_class": "tax_classes",
    "directory_country": "countries",
    "directory_country_region": "regions",
    "directory_country_region_name": "region_names",
    "catalog_product_link_type": "product_link_types",
    "catalog_product_link_attribute": "product_link_attributes",
    "sales_order_status": "order_statuses",
    "sales_order_status_state": "order_status_states",
    "sales_order_status_label": "order_status_labels",
    "newsletter_subscriber": "newsletter_subscribers",
    "customer_log": "customer_logins",
    "catalog_product_entity_tier_price": "tier_prices",
    "catalog_product_relation": "product_relations",
    "catalog_product_link": "product_links",
    "catalog_product_link_attribute_int": "product_link_ints",
    "catalog_product_link_attribute_decimal": "product_link_decimals",
    "catalog_product_link_attribute_varchar": "product_link_varchars",
    "catalog_product_super_attribute": "configurable_attributes",
    "catalog_product_super_attribute_label": "configurable_attribute_labels",
    "catalog_product_super_link": "configurable_links",
    "catalog_product_bundle_option": "bundle_options",
    "catalog_product_bundle_option_value": "bundle_option_values",
    "catalog_product_bundle_selection": "bundle_selections",
    "catalog_product_bundle_selection_price": "bundle_selection_prices",
    "catalog_product_option": "custom_options",
    "catalog_product_option_title": "custom_option_titles",
    "catalog_product_option_price": "custom_option_prices",
    "catalog_product_option_type_value": "custom_option_values",
    "catalog_product_option_type_title": "custom_option_value_titles",
    "catalog_product_option_type_price": "custom_option_value_prices",
    "downloadable_link": "downloadable_links",
    "downloadable_link_title": "downloadable_link_titles",
    "downloadable_link_price": "downloadable_link_prices",
    "downloadable_sample": "downloadable_samples",
    "downloadable_sample_title": "downloadable_sample_titles",
    "weee_tax": "weee_taxes",
    "catalog_product_entity_media_gallery": "media_gallery",
    "catalog_product_entity_media_gallery_value_to_entity":
        "media_gallery_products",
    "catalog_product_entity_media_gallery_value": "media_gallery_values",
    "catalog_product_entity_media_gallery_value_video": "media_gallery_videos",
    "sales_payment_transaction": "payment_transactions",
    "sales_order_status_change_history": "order_status_changes",
    "sales_invoice": "invoices",
    "sales_invoice_item": "invoice_items",
    "sales_invoice_comment": "invoice_comments",
    "sales_shipment": "shipments",
    "sales_shipment_item": "shipment_items",
    "sales_shipment_track": "shipment_tracks",
    "sales_shipment_comment": "shipment_comments",
    "sales_creditmemo": "credit_memos",
    "sales_creditmemo_item": "credit_memo_items",
    "sales_creditmemo_comment": "credit_memo_comments",
    "sales_order_tax": "order_taxes",
    "sales_order_tax_item": "order_tax_items",
    "inventory_source": "inventory_sources",
    "inventory_stock": "inventory_stocks",
    "inventory_source_stock_link": "inventory_source_stocks",
    "inventory_stock_sales_channel": "inventory_sales_channels",
    "inventory_source_item": "inventory_source_items",
    "inventory_low_stock_notification_configuration":
        "inventory_low_stock_settings",
    "inventory_shipment_source": "inventory_shipment_sources",
    "catalog_product_entity_gallery": "product_gallery_values",
    "sales_order_confirm_cancel": "order_cancellations",
    "core_config_data": "configuration",
    "inventory_reservation": "inventory_reservations",
}
# Rows that are copied, of tables whose others are nobody's business.
CHOSEN = {
    "core_config_data": "path like 'currency/options/%' or "
        "path like 'cataloginventory/options/%' or "
        "path like 'cataloginventory/item_options/%' or "
        "path like 'webapi/validation/%' or path in ("
        "'catalog/price/scope', 'catalog/seo/category_url_suffix', "
        "'catalog/seo/product_url_suffix', 'customer/account_share/scope', "
        "'general/country/default', 'general/locale/code', "
        "'general/locale/timezone', 'general/locale/weight_unit', "
        "'general/region/display_all', 'general/region/state_required', "
        "'general/single_store_mode/enabled', "
        "'oauth/consumer/enable_integration_as_bearer', "
        "'tax/calculation/price_includes_tax', 'web/secure/base_link_url', "
        "'web/secure/base_media_url', 'web/secure/base_url', "
        "'web/unsecure/base_link_url', 'web/unsecure/base_media_url', "
        "'web/unsecure/base_url', 'web/url/use_store', "
        "'webapi/webapisecurity/allow_insecure')",
}
# Never copied; everything else must be.
SECRET = {
    "customer_entity": {"password_hash", "rp_token", "rp_token_created_at",
                        "failures_num", "first_failure", "lock_expires",
                        "session_cutoff", "confirmation"},
    "sales_order": {"protect_code", "remote_ip", "x_forwarded_for"},
    "sales_order_payment": {"additional_data", "additional_information",
                            "account_status", "address_status"},
    "newsletter_subscriber": {"subscriber_confirm_code"},
    "sales_order_confirm_cancel": {"confirmation_key"},
    "sales_payment_transaction": {"additional_information"},
}
SECRET_PREFIX = {"sales_order_payment": ("cc_", "echeck_")}
TYPES = ("datetime", "decimal", "int", "text", "varchar")
# entity table: (entity type, has stores, {backend: values table})
VALUES = {
    "customer_entity": ("customer", False,
                        dict.fromkeys(TYPES, "customer_values")),
    "customer_address_entity": ("customer_address", False,
                                dict.fromkeys(TYPES,
                                              "customer_address_values")),
    "catalog_category_entity": ("catalog_category", True,
                                dict.fromkeys(TYPES, "category_values")),
    "catalog_product_entity": (
        "catalog_product", True,
        {**dict.fromkeys(TYPES, "product_values"),
         "decimal": "product_prices"}),
}


def secret(table, column):
    return (column in SECRET.get(table, ()) or
            column.startswith(SECRET_PREFIX.get(table, "\0")))


def plain(value):
    """One form for what the two drivers give for the same value."""
    if isinstance(value, datetime.datetime):
        if value.tzinfo:
            value = value.astimezone(datetime.timezone.utc)
        return f"{value.year:04}" + value.strftime("-%m-%d %H:%M:%S.%f")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, float)):
        return decimal.Decimal(str(value))
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, str) and value.startswith("0000-00-00"):
        return None
    return value


def same(a, b):
    if isinstance(a, bytes) and isinstance(b, str):
        a = a.decode("utf-8", "replace")
    return a == b


def rows_of(cursor, names):
    return [dict(zip(names, map(plain, row))) for row in cursor.fetchall()]


class Compare:
    def __init__(self, source, source_database, target, target_database,
                 schema="public", prefix="", where=None):
        """where: source table: condition on both sides, to compare a sample
        of a large table's rows; the number of rows is compared anyhow."""
        self.source, self.sdb = source, source_database
        self.target, self.tdb = target, target_database
        self.schema, self.prefix = schema, prefix
        self.where = where or {}
        self.only = None  # source tables to compare: a list; None: all
        self.differences = []
        self.values_compared = 0

    def say(self, text):
        if len(self.differences) < 50:
            self.differences.append(text)

    def all(self):
        """Differences as texts; empty when all is equal."""
        with self.source.connect(self.sdb) as s, \
                self.target.connect(self.tdb) as t:
            self.s, self.t = s.cursor(), t.cursor()
            self.s.execute("set time_zone = '+00:00'")
            self.t.execute("set timezone = 'UTC'")
            self.s.execute("start transaction with consistent snapshot")
            for table in FLAT:
                if self.wanted(table):
                    self.flat(table)
            for table in VALUES:
                if self.wanted(table):
                    self.values(table)
        return self.differences

    def wanted(self, table):
        return ((self.only is None or table in self.only) and
                self.source_has(table))

    def source_has(self, table):
        self.s.execute("select count(*) from information_schema.tables where "
                       "table_schema = database() and table_name = %s",
                       (self.prefix + table,))
        return self.s.fetchone()[0] == 1

    def source_rows(self, table):
        """What to select from."""
        name = f"`{self.prefix}{table}`"
        condition = CHOSEN.get(table)
        return (f"(select * from {name} where {condition}) chosen"
                if condition else name)

    def source_columns(self, table):
        self.s.execute(
            "select column_name, column_key from information_schema.columns "
            "where table_schema = database() and table_name = %s "
            "order by ordinal_position", (self.prefix + table,))
        return self.s.fetchall()

    def target_columns(self, table):
        self.t.execute(
            "select column_name from information_schema.columns where "
            "table_schema = %s and table_name = %s", (self.schema, table))
        return {r[0] for r in self.t.fetchall()}

    def flat(self, table):
        name = FLAT[table]
        columns = self.source_columns(table)
        there = self.target_columns(name)
        if not there:
            self.say(f"{name}: no such table in the target")
            return
        for column, _ in columns:
            if secret(table, column) and column in there:
                self.say(f"{name}.{column}: a secret's column in the target")
        # Tests' own columns begin with x_: the target has none of them.
        public = [c for c, _ in columns
                  if not secret(table, c) and not c.startswith("x_")]
        for column in public:
            if column not in there:
                self.say(f"{name}.{column}: missing in the target")
        names = [c for c in public if c in there]
        key = [c for c, k in columns if k == "PRI"]
        where = self.where.get(table, "")
        if where:
            self.counts(table, name)
        self.s.execute("select " + ",".join(f"`{c}`" for c in names) +
                       f" from {self.source_rows(table)} {where}")
        left = {tuple(r[k] for k in key): r for r in rows_of(self.s, names)}
        self.t.execute("select " + ",".join(f'"{c}"' for c in names) +
                       f' from "{self.schema}"."{name}" {where}')
        right = {tuple(r[k] for k in key): r for r in rows_of(self.t, names)}
        self.rows(name, left, right)

    def counts(self, table, name):
        self.s.execute(f"select count(*) from {self.source_rows(table)}")
        self.t.execute(f'select count(*) from "{self.schema}"."{name}"')
        left, right = self.s.fetchone()[0], self.t.fetchone()[0]
        if left != right:
            self.say(f"{name}: {left} rows in the source, {right} here")

    def rows(self, name, left, right):
        for key in left.keys() - right.keys():
            self.say(f"{name} {key}: missing")
        for key in right.keys() - left.keys():
            self.say(f"{name} {key}: not in the source")
        for key in left.keys() & right.keys():
            for column, value in left[key].items():
                self.values_compared += 1
                if not same(value, right[key].get(column)):
                    self.say(f"{name} {key} {column}: source {value!r}, "
                             f"copy {right[key].get(column)!r}")

    def values(self, table):
        kind, stores, homes = VALUES[table]
        left = {home: {} for home in set(homes.values())}
        for backend, home in homes.items():
            value_table = f"{table}_{backend}"
            if not self.source_has(value_table):
                continue
            self.s.execute(
                "select v.entity_id, " + ("v.store_id" if stores else "0") +
                ", a.attribute_code, v.value from "
                f"`{self.prefix}{value_table}` v "
                f"join `{self.prefix}eav_attribute` a using (attribute_id) "
                f"join `{self.prefix}eav_entity_type` t "
                "on t.entity_type_id = a.entity_type_id "
                "where t.entity_type_code = %s and a.backend_type = %s",
                (kind, backend))
            for entity, store, code, value in self.s.fetchall():
                value = plain(value)
                if backend == "datetime" and isinstance(value, str):
                    value = value.removesuffix(".000000")
                left[home].setdefault((entity, store), {})[code] = value
        for home, expected in left.items():
            self.t.execute("select entity_id, store_id, attributes::text "
                           f'from "{self.schema}"."{home}"')
            found = {}
            for entity, store, text in self.t.fetchall():
                found[entity, store] = json.loads(
                    text, parse_float=decimal.Decimal)
            self.rows(home, expected, found)
            for key in expected.keys() & found.keys():
                for code in found[key].keys() - expected[key].keys():
                    self.say(f"{home} {key} {code}: not in the source")


def differences(*args, **more):
    return Compare(*args, **more).all()
