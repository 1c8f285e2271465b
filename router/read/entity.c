#include "router/read/entity.h"

#include <assert.h>

#include "base/defs.h"

#define SAME(cast, json, column)                                               \
	{                                                                      \
		json, "t." #column, #column, FIELD_##cast                      \
	}
#define GIVEN(cast, json, sql, magento)                                        \
	{                                                                      \
		json, sql, magento, FIELD_##cast                               \
	}
#define FIELDS(array) .fields = (array), .field_count = LENGTH(array)

/* Customers. */

/* clang-format off: a line a field */
static const struct field address_fields[] = {
	GIVEN(INT, "id", "t.entity_id", "id"),
	GIVEN(INT, "customerId", "t.parent_id", "customer_id"),
	SAME(TEXT, "firstname", firstname),
	SAME(TEXT, "lastname", lastname),
	SAME(TEXT, "middlename", middlename),
	SAME(TEXT, "prefix", prefix),
	SAME(TEXT, "suffix", suffix),
	SAME(TEXT, "company", company),
	SAME(LINES, "street", street),
	SAME(TEXT, "city", city),
	GIVEN(TEXT, "region", "t.region", "region.region"),
	SAME(ID, "regionId", region_id),
	SAME(TEXT, "postcode", postcode),
	SAME(TEXT, "countryId", country_id),
	SAME(TEXT, "telephone", telephone),
	SAME(TEXT, "fax", fax),
	SAME(TEXT, "vatId", vat_id),
	GIVEN(FLAG, "defaultBilling", "t.entity_id = c.default_billing",
	      "default_billing"),
	GIVEN(FLAG, "defaultShipping", "t.entity_id = c.default_shipping",
	      "default_shipping"),
	GIVEN(ATTRIBUTES, "attributes", "v.attributes", "custom_attributes"),
};

static const struct field customer_fields[] = {
	GIVEN(INT, "id", "t.entity_id", "id"),
	SAME(TEXT, "email", email),
	SAME(TEXT, "firstname", firstname),
	SAME(TEXT, "lastname", lastname),
	SAME(TEXT, "middlename", middlename),
	SAME(TEXT, "prefix", prefix),
	SAME(TEXT, "suffix", suffix),
	SAME(INT, "groupId", group_id),
	SAME(INT, "websiteId", website_id),
	SAME(INT, "storeId", store_id),
	SAME(TEXT, "createdIn", created_in),
	SAME(TIME, "createdAt", created_at),
	SAME(TIME, "updatedAt", updated_at),
	SAME(TEXT, "dob", dob),
	SAME(INT, "gender", gender),
	SAME(TEXT, "taxvat", taxvat),
	SAME(ID, "defaultBilling", default_billing),
	SAME(ID, "defaultShipping", default_shipping),
	SAME(INT, "disableAutoGroupChange", disable_auto_group_change),
	GIVEN(ATTRIBUTES, "attributes", "v.attributes", "custom_attributes"),
};
/* clang-format on */

static const struct entity addresses = {
	.statement = "customer_addresses",
	FIELDS(address_fields),
	.ordered = true,
};

static const struct entity_child customer_children[] = {
	{ .json = "addresses",
	  .entity = &addresses,
	  .shape = ENTITY_LIST,
	  .magento = "addresses" },
};

static const struct entity_record customer_records[] = {
	{ "customers", "entity_id" },
	{ "customer_values", "entity_id" },
	{ "customer_addresses", NULL },
	{ "customer_address_values", NULL },
};

static const struct entity customer = {
	.statement = "customers",
	.table = "customers",
	FIELDS(customer_fields),
	.children = customer_children,
	.child_count = LENGTH(customer_children),
	.ordered = true,
	.records = customer_records,
	.record_count = LENGTH(customer_records),
};

/* Products. */

/* What Magento's single load shows as the price and weight: composites have
 * none of their own. */
#define PRODUCT_PRICE                                                          \
	"case when t.type_id = 'grouped' then null"                            \
	" when t.type_id = 'configurable' or (t.type_id = 'bundle'"            \
	" and v.attributes ->> 'price_type' is distinct from '1') then '0'"    \
	" else p.attributes ->> 'price' end"
#define PRODUCT_WEIGHT                                                         \
	"case when t.type_id = 'bundle'"                                       \
	" and v.attributes ->> 'weight_type' is distinct from '1' then '0'"    \
	" else p.attributes ->> 'weight' end"
#define STOCK_STATE                                                            \
	"case when t.use_config_manage_stock = 1 or t.manage_stock = 1"        \
	" then t.is_in_stock <> 0 else true end"

/* clang-format off: a line a field */
static const struct field website_fields[] = {
	GIVEN(INT, "websiteId", "t.website_id", ""),
};

static const struct field link_fields[] = {
	GIVEN(INT, "categoryId", "t.category_id", "category_id"),
	GIVEN(INT, "position", "t.position", "position"),
};

static const struct field stock_fields[] = {
	GIVEN(NUMBER, "qty", "t.qty", "qty"),
	GIVEN(BOOL, "isInStock", STOCK_STATE, "is_in_stock"),
};

static const struct field product_fields[] = {
	GIVEN(INT, "id", "t.entity_id", "id"),
	SAME(TEXT, "sku", sku),
	GIVEN(TEXT, "name", "v.attributes ->> 'name'", "name"),
	SAME(TEXT, "typeId", type_id),
	SAME(INT, "attributeSetId", attribute_set_id),
	GIVEN(INT, "status", "coalesce(v.attributes ->> 'status', '1')",
	      "status"),
	GIVEN(INT, "visibility", "v.attributes ->> 'visibility'", "visibility"),
	GIVEN(NUMBER, "price", PRODUCT_PRICE, "price"),
	GIVEN(NUMBER, "weight", PRODUCT_WEIGHT, "weight"),
	GIVEN(BOOL, "hasOptions", "t.has_options", "@has_options"),
	GIVEN(BOOL, "requiredOptions", "t.required_options",
	      "@required_options"),
	SAME(TIME, "createdAt", created_at),
	SAME(TIME, "updatedAt", updated_at),
	GIVEN(ATTRIBUTES, "attributes", "a.attributes", "custom_attributes"),
};
/* clang-format on */

static const struct entity websites = {
	.statement = "product_websites",
	FIELDS(website_fields),
	.ordered = true,
};
static const struct entity links = {
	.statement = "product_categories",
	FIELDS(link_fields),
	.ordered = true,
};
static const struct entity stock = {
	.statement = "stock_items",
	FIELDS(stock_fields),
};

static const struct entity_child product_children[] = {
	{ .json = "websiteIds",
	  .entity = &websites,
	  .shape = ENTITY_VALUES,
	  .magento = "extension_attributes.website_ids" },
	{ .json = "categoryLinks",
	  .entity = &links,
	  .shape = ENTITY_LIST,
	  .magento = "extension_attributes.category_links" },
	/* Without a row Magento makes up an item of the defaults. */
	{ .json = "stock",
	  .entity = &stock,
	  .shape = ENTITY_ONE,
	  .magento = "extension_attributes.stock_item",
	  .magento_needs = "item_id",
	  .single_only = true },
};

static const char *const product_hidden[] = {
	"name",
	"sku",
	"type_id",
	"attribute_set_id",
	"status",
	"visibility",
	"price",
	"weight",
	"has_options",
	"required_options",
	"created_at",
	"updated_at",
	"media_gallery",
	"tier_price",
	"quantity_and_stock_status",
	"category_ids",
	NULL,
};

static const struct entity_record product_records[] = {
	{ "products", "entity_id" },
	{ "product_values", "entity_id" },
	{ "product_prices", "entity_id" },
	{ "product_websites", "product_id" },
	{ "product_categories", "product_id" },
	{ "stock_items", NULL },
};

static const struct entity product = {
	.statement = "products",
	.table = "products",
	FIELDS(product_fields),
	.children = product_children,
	.child_count = LENGTH(product_children),
	.ordered = true,
	.hidden = product_hidden,
	.records = product_records,
	.record_count = LENGTH(product_records),
};

/* Categories. */

/* clang-format off: a line a field */
static const struct field category_fields[] = {
	GIVEN(INT, "id", "t.entity_id", "id"),
	SAME(INT, "parentId", parent_id),
	GIVEN(TEXT, "name", "v.attributes ->> 'name'", "name"),
	GIVEN(BOOL, "isActive", "v.attributes ->> 'is_active'", "is_active"),
	SAME(INT, "position", position),
	SAME(INT, "level", level),
	SAME(TEXT, "path", path),
	GIVEN(INT, "childrenCount", "t.children_count", "@children_count"),
	GIVEN(BOOL, "includeInMenu", "v.attributes ->> 'include_in_menu'",
	      "include_in_menu"),
	GIVEN(COMMAS, "availableSortBy",
	      "nullif(v.attributes ->> 'available_sort_by', '')",
	      "available_sort_by"),
	SAME(TIME, "createdAt", created_at),
	SAME(TIME, "updatedAt", updated_at),
	GIVEN(ATTRIBUTES, "attributes", "a.attributes", "custom_attributes"),
};
/* clang-format on */

static const char *const category_hidden[] = {
	"name",
	"is_active",
	"include_in_menu",
	"available_sort_by",
	"path",
	"children_count",
	"children",
	"position",
	"level",
	"path_in_store",
	"all_children",
	"parent_id",
	"created_at",
	"updated_at",
	NULL,
};

static const struct entity_record category_records[] = {
	{ "categories", "entity_id" },
	{ "category_values", "entity_id" },
};

static const struct entity category = {
	.statement = "categories",
	.table = "categories",
	FIELDS(category_fields),
	.ordered = true,
	.hidden = category_hidden,
	.records = category_records,
	.record_count = LENGTH(category_records),
};

const struct entity *entity_of(enum read_kind kind)
{
	static const struct entity *const entities[] = {
		[READ_CUSTOMER] = &customer,
		[READ_PRODUCT_BY_SKU] = &product,
		[READ_PRODUCT_BY_ID] = &product,
		[READ_CATEGORY] = &category,
		[READ_ORDER] = &entity_order,
		[READ_CUSTOMERS] = &customer,
		[READ_PRODUCTS] = &product,
		[READ_CATEGORIES] = &category,
		[READ_ORDERS] = &entity_order,
	};

	assert(kind < READ_KIND_COUNT);
	return entities[kind];
}
