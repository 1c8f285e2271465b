"""What the data of real shops holds against all expectation, by number: each
is written, arrives as it is, and hides nothing else."""

import pytest

from demo.shop import IDS
from tests.integration import shops
from tests.integration.test_more_tables import Filler, statements
from tests.integration.test_semantics import C, P, VALUE, put
from tests.lib import compare

SIZES = {"customers": 20, "products": 20, "categories": 9, "orders": 12}
UNCHECKED = "set foreign_key_checks = 0"
PRODUCTS, CATEGORIES = "catalog_product_entity", "catalog_category_entity"


def order(entity, **columns):
    names, values = ", ".join(columns), ", ".join(columns.values())
    return (f"insert into sales_order (entity_id, {names}) values ({entity}, "
            f"{values})")


def product(entity, sku, **columns):
    names = "".join(", " + c for c in columns)
    values = "".join(", " + str(v) for v in columns.values())
    return (f"insert into {PRODUCTS} (entity_id, attribute_set_id, sku{names})"
            f" values ({entity}, 4, '{sku}'{values})")


def customer(entity, email, website="1", **columns):
    names = "".join(", " + c for c in columns)
    values = "".join(", " + str(v) for v in columns.values())
    return (f"insert into customer_entity (entity_id, email, website_id{names})"
            f" values ({entity}, {email}, {website}{values})")


ODD_CODES = ("id", "entity_id", "type_id", "website_ids", "store", "source",
             "extension_attributes", "customer_id", "attributes", "Mixed",
             'q"uo\\\\te', "it''s", "a.b,c {d}: [e]", "ünï", "x" * 60, "")

# name: (tables to compare, statements; each trap in one transaction)
TRAPS = {
    "trap_1_nulls_empty_texts_and_zeros": ([PRODUCTS, CATEGORIES], [
        put("varchar", "meta_title", 1, 1, "null"),
        put("varchar", "meta_title", 2, 1, "''"),
        put("int", "visibility", 1, 1, "0"),
        put("int", "visibility", 2, 1, "null"),
        put("datetime", "special_to_date", 1, 1, "null"),
        put("decimal", "cost", 0, 1, "0"),
        put("text", C["description"], 0, 3, "null", CATEGORIES + "_")]),
    "trap_2_orphans": (
        [PRODUCTS, CATEGORIES, "sales_order_tax", "customer_entity",
         "newsletter_subscriber", "catalog_product_super_attribute",
         "sales_order_item", "eav_attribute_option", "inventory_reservation",
         "catalog_product_entity_media_gallery", "sales_order_address"], [
            UNCHECKED, put("varchar", "name", 0, 8001, "'no entity'"),
            put("varchar", 8002, 0, 1, "'no attribute'"),
            "insert into sales_order_tax (order_id, code) values (8003, 'x')",
            "insert into newsletter_subscriber (customer_id, subscriber_email) "
            "values (8004, 'gone@example.com')",
            "update customer_entity set default_billing = 8005, website_id = "
            "88, store_id = 88 where entity_id = 1",
            "insert into catalog_product_super_attribute (product_id, "
            "attribute_id) values (1, 8006), (8007, 1)",
            f"insert into {CATEGORIES} (entity_id, parent_id, path, position) "
            "values (8008, 8009, '1/8009/8008', 0)",
            "update sales_order_item set product_id = 8010, parent_item_id = "
            "8011 where item_id = 1",
            "insert into eav_attribute_option (option_id, attribute_id) values "
            "(8012, 8013)", put("int", "color", 0, 1, 8014),
            "insert into inventory_reservation (stock_id, sku, quantity) "
            "values (99, 'nowhere', -1)",
            "insert into catalog_product_entity_media_gallery (attribute_id, "
            "value) values (1, '/lonely.jpg')",
            "insert into sales_order_address (entity_id, parent_id) values "
            "(8015, 8016)"]),
    "trap_3_values_that_belong_elsewhere": ([PRODUCTS, CATEGORIES], [
        f"delete from eav_entity_attribute where attribute_id = {P['image']}",
        put("text", "name", 0, 2, "'in text'"),
        put("varchar", "price", 0, 2, "'1.5'"),
        put("varchar", C["name"], 0, 2, "'of a category'"),
        put("int", IDS["customer", "loyalty_level"], 0, 2, "5"),
        put("varchar", P["sku"], 0, 2, "'static'")]),
    "trap_4_store_rows_out_of_place": ([PRODUCTS], [
        put("decimal", "price", 1, 3, "3.5"),
        f"delete from {VALUE}varchar where entity_id = 4 and store_id = 0",
        put("varchar", "name", 3, 3, "'another website''s'"), UNCHECKED,
        put("varchar", "name", 77, 3, "'of a store that was deleted'")]),
    "trap_5_codes_that_collide": ([PRODUCTS, "eav_attribute"], [
        "insert into eav_attribute (attribute_id, entity_type_id, "
        "attribute_code, backend_type) values " + ", ".join(
            f"({700 + n}, 4, '{code}', 'varchar')"
            for n, code in enumerate(ODD_CODES)),
        *(put("varchar", 700 + n, 0, 5, f"'value {n}'")
          for n in range(len(ODD_CODES)))]),
    "trap_6_skus": ([PRODUCTS, "sales_order_item"], [
        product(601, "ABC"), product(602, "abc "), product(603, "ábc"),
        product(604, "a/b c"), product(605, "00042"), product(606, "x" * 64),
        product(607, "Camiseta Básica Algodão"), product(608, ""),
        "update sales_order_item set sku = 'ABC' where item_id = 2"]),
    "trap_7_emails": (["customer_entity", "sales_order"], [
        customer(701, "'Twin@Example.com'"),
        customer(702, "'twin@example.com'", "2"),
        customer(703, "'twin@example.com'", "null"),
        customer(704, "'twin@example.com'", "null"),
        customer(705, "null", "null"), customer(706, "''"),
        order(701, customer_is_guest="1", customer_group_id="0",
              customer_email="'TWIN@example.com'"),
        "update sales_order set customer_id = 701 where entity_id = 701"]),
    "trap_8_increment_ids": (["sales_order"], [
        order(801, increment_id="'000000001'", store_id="3"),
        order(802, increment_id="'000000002-1'", store_id="1"),
        order(803, increment_id="'WEB-ä/7'", store_id="1"),
        order(804, increment_id="'x'"), order(805, increment_id="'x'"),
        order(806, increment_id="null")]),
    "trap_9_dates": (["customer_entity", PRODUCTS, "sales_order"], [
        customer(901, "'d1'", dob="'0000-00-00'"),
        customer(902, "'d2'", dob="'1900-01-01'"),
        customer(903, "'d3'", dob="'0001-01-01'"),
        put("datetime", "special_from_date", 0, 9, "'0000-00-00 00:00:00'"),
        put("datetime", "special_from_date", 1, 9, "'0001-01-01 00:00:00'"),
        put("datetime", "special_from_date", 2, 9, "'9999-12-31 23:59:59'"),
        put("datetime", "special_to_date", 0, 9, "'2026-03-29 02:30:00'"),
        order(901, created_at="'2038-01-19 03:14:07'",
              customer_dob="'0000-00-00 00:00:00'")]),
    "trap_10_characters": ([PRODUCTS, "customer_entity"], [
        put("varchar", "name", 0, 10, "'\U0001f600 ﷽ \u202eabc 𝔘'"),
        put("text", "description", 0, 10, "'Ã¼ encoded twice, J????hn'"),
        customer(1001, "'c1'", lastname="convert(_latin1 x'e9fc80' using "
                                        "utf8mb4)")]),
    "trap_11_large_texts": ([PRODUCTS], [
        put("text", "description", 0, 11, "repeat('lang ä ', 90000)"),
        put("text", "description", 1, 11, "repeat('\U0001f600', 100000)"),
        put("varchar", "name", 0, 11, "repeat('ü', 255)")]),
    "trap_12_signs_and_ranges": (
        ["customer_address_entity", "catalog_category_product",
         "cataloginventory_stock_item", "inventory_reservation",
         "sales_order", PRODUCTS], [
            "insert into customer_address_entity (entity_id, parent_id) values "
            "(4294967295, 2)",
            "update catalog_category_product set position = -5 where "
            "product_id = 12",
            "update cataloginventory_stock_item set qty = -99999999.9999 where "
            "product_id = 12",
            "insert into inventory_reservation (stock_id, sku, quantity) "
            "values (1, 's', -3.5)",
            put("int", "manufacturer", 0, 12, "-2147483648"),
            put("decimal", "price", 0, 12, "-99999999999999.999999"),
            order(1201, customer_id="null", quote_id="2147483647",
                  adjustment_negative="-0.0001",
                  grand_total="-9999999999999999.9999")]),
    "trap_13_galleries": (
        ["catalog_product_entity_media_gallery",
         "catalog_product_entity_media_gallery_value",
         "catalog_product_entity_media_gallery_value_to_entity", PRODUCTS], [
            "insert into catalog_product_entity_media_gallery (value_id, "
            "attribute_id, value) values (1301, 1, '/a b_1.jpg'), (1302, 1, "
            "'/a b_1.jpg'), (1303, 1, null)",
            "insert into catalog_product_entity_media_gallery_value_to_entity "
            "(value_id, entity_id) values (1301, 1), (1301, 2), (1302, 1)",
            "insert into catalog_product_entity_media_gallery_value (value_id,"
            " store_id, entity_id, label) values (1301, 0, 1, 'twice'), "
            "(1301, 0, 1, 'twice'), (1301, 0, 2, null)",
            put("varchar", "image", 0, 13, "'no_selection'")]),
    "trap_14_trees": ([CATEGORIES, "catalog_category_product"], [
        f"update {CATEGORIES} set parent_id = 9, path = '1/9/8', level = 40 "
        "where entity_id = 8",
        f"update {CATEGORIES} set parent_id = 8, path = '1/8/9', "
        "children_count = -3 where entity_id = 9",
        f"insert into {CATEGORIES} (entity_id, parent_id, path, position) "
        "values (1401, 0, '1401', 0), (1402, 1402, '', 0)",
        "insert into catalog_category_product (category_id, product_id) "
        "values (1, 14)"]),
    "trap_15_orders_that_do_not_add_up": (
        ["sales_order", "sales_order_item", "sales_order_payment"], [
            order(1501, billing_address_id="0", shipping_address_id="null",
                  is_virtual="1", grand_total="10", base_grand_total="0.0001",
                  total_paid="null", subtotal="0", status="'made_up'",
                  state="'new'", store_name="'Main\\nStore\\r\\nView'"),
            "insert into sales_order_item (order_id, row_total, price) values "
            "(1501, 99, 0)",
            "update sales_order set total_paid = 0 where entity_id = 2",
            "update sales_order_status_history set entity_name = null, "
            "status = null, comment = null where entity_id = 2",
            "delete from sales_order_payment where parent_id = 3"]),
    "trap_16_options_of_items": (["sales_order_item"], [
        "update sales_order_item set product_options = '{\"info_buyRequest\":"
        "{\"options\":[]},\"x\":\"<b>\\\\u00e9</b>\"}' where item_id = 3",
        "update sales_order_item set product_options = 'a:1:{s:15:\"info_"
        "buyRequest\";a:0:{}}' where item_id = 4",
        "update sales_order_item set product_options = 'N;' where item_id = 5",
        "update sales_order_item set product_options = '{broken' where "
        "item_id = 6"]),
    "trap_17_addresses": (["customer_address_entity", "sales_order_address"], [
        "update customer_address_entity set region = 'Bayern', region_id = "
        "99999, country_id = 'pt', postcode = null, telephone = '-', street = "
        "'a\\r\\nb\\nc\\n\\nd', vat_id = 'not a number' where entity_id = 3",
        "update sales_order_address set street = '\\n', postcode = '', "
        "country_id = 'xx' where entity_id = 3"]),
    "trap_18_booleans_that_are_none": ([PRODUCTS, "customer_entity"], [
        put("int", "status", 0, 18, "null"), put("int", "status", 0, 17, "2"),
        put("int", "visibility", 0, 18, "0"),
        put("int", "tax_class_id", 0, 18, "999"),
        put("int", "manufacturer", 0, 18, "12"),
        "update customer_entity set is_active = 2, disable_auto_group_change "
        "= 7 where entity_id = 18"]),
    "trap_19_websites": (
        ["catalog_product_website", "customer_entity", "store", PRODUCTS], [
            "delete from catalog_product_website where product_id = 19",
            "insert into store_website (website_id, code) values (5, 'brief')",
            "insert into store_group (group_id, website_id, name) values "
            "(5, 5, 'brief')",
            "insert into store (store_id, code, website_id, group_id, name) "
            "values (5, 'brief', 5, 5, 'brief')",
            customer(1901, "'w@example.com'", "5", store_id=5),
            put("varchar", "name", 5, 19, "'brief'"),
            "delete from store_website where website_id = 5"]),
    "trap_20_clocks": (["sales_order", PRODUCTS], [
        order(2001, created_at="'2037-12-31 00:00:00'", store_id="3",
              updated_at="'2001-01-01 00:00:00'"),
        "delete from customer_entity where entity_id = 20",
        put("varchar", "name", 0, 20, "'updated_at stays'"),
        "delete from store where store_id = 3"]),
    "trap_21_strange_tables": ([PRODUCTS], [
        "insert into acme_stats values ('planted', 1), ('planted', 1)",
        "update acme_stats set hits = hits + 1",
        product(2101, "beside the strange")]),
}


def equal(copy, tables):
    found = compare.Compare(copy.source, copy.sdb, copy.target, copy.tdb)
    found.only = tables
    wrong = found.all()
    assert not wrong, "\n".join(wrong[:20])


@pytest.fixture(scope="module", params=["mariadb", "mysql"])
def copy(request, postgres, tmp_path_factory):
    source = request.getfixturevalue(request.param)
    with shops.databases(source, postgres, "traps") as name:
        shops.fill(source, name, **SIZES)
        source.script(statements(), name)
        source.run("create table acme_stats (name varchar(20), hits int) "
                   "engine=MyISAM", name)
        with source.connect(name) as c:
            Filler(c.cursor()).fill_all(1, 2)
        copy = shops.Copy(source, name, postgres, name,
                          str(tmp_path_factory.mktemp("traps")))
        copy.bootstrap()
        copy.cdc.start()
        try:
            copy.cdc.wait_streaming()
            yield copy
        finally:
            copy.cdc.kill()


@pytest.mark.parametrize("name", TRAPS)
def test_trap(copy, name):
    tables, written = TRAPS[name]
    assert copy.write(*written) > 0
    copy.cdc.wait_caught_up()
    equal(copy, tables)


def shown(copy, sql):
    return copy.target.run(sql, copy.tdb)


def test_traps_leave_the_records_readable(copy):
    """Every view and function answers for every row there is."""
    for sql in ("select r from products p cross join stores s cross join "
                "lateral product_record(p.entity_id, s.store_id) r",
                "select r from categories c cross join stores s cross join "
                "lateral category_record(c.entity_id, s.store_id) r",
                "select r from product_records r",
                "select r from category_records r",
                "select r from customer_records r",
                "select r from order_records r"):
        assert shown(copy, sql)
    assert shown(copy, "select count(*) from product_records where "
                       "entity_id = 8001") == [(0,)]
