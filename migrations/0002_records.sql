-- The records: tables named as services see them, columns named as the source
-- names them, keys included, so that the mapping needs no list of columns.
--
-- Nothing but the primary keys is constrained: orphans, doubled SKUs and NULLs
-- where none should be are legal input. What the source sends as unsigned gets
-- the next wider type. Money and quantities keep the source's scale.

-- Text as the source compares it (utf8mb4_general_ci): without case, accents
-- and trailing blanks; every character beyond the BMP equal to every other.
create function ficus.fold(value text) returns text
    language sql immutable strict parallel safe as $$
    select case when value ~ '^[\x20-\x7e]*$'
        then lower(rtrim(value, ' ') collate "C") collate "default"
        else translate(lower(normalize(regexp_replace(regexp_replace(
                 normalize(rtrim(value, ' '), NFD),
                 '[\u0300-\u036f]', '', 'g'),
                 '[\U00010000-\U0010ffff]', U&'\FFFD', 'g'), NFC)
                 collate "und-x-icu") collate "default", 'ß', 's')
        end
$$;

-- Metadata: scopes, attributes, sets, groups.

-- The attribute map of the transform is loaded from this table and attributes.
create table entity_types (
    entity_type_id              integer primary key,
    entity_type_code            text,
    entity_model                text,
    attribute_model             text,
    entity_table                text,
    value_table_prefix          text,
    entity_id_field             text,
    is_data_sharing             integer,
    data_sharing_key            text,
    default_attribute_set_id    integer,
    increment_model             text,
    increment_per_store         integer,
    increment_pad_length        integer,
    increment_pad_char          text,
    additional_attribute_table  text,
    entity_attribute_collection text
);

create table websites (
    website_id       integer primary key,
    code             text,
    name             text,
    sort_order       integer,
    default_group_id integer,
    is_default       integer
);

create table store_groups (
    group_id         integer primary key,
    website_id       integer,
    name             text,
    root_category_id bigint,
    default_store_id integer,
    code             text
);

create table stores (
    store_id   integer primary key,
    code       text,
    website_id integer,
    group_id   integer,
    name       text,
    sort_order integer,
    is_active  integer
);
create index stores_code on stores (code);

create table customer_groups (
    customer_group_id   bigint primary key,
    customer_group_code text,
    tax_class_id        bigint
);

create table attribute_sets (
    attribute_set_id   integer primary key,
    entity_type_id     integer,
    attribute_set_name text,
    sort_order         smallint
);

create table attribute_groups (
    attribute_group_id   integer primary key,
    attribute_set_id     integer,
    attribute_group_name text,
    sort_order           smallint,
    default_id           integer,
    attribute_group_code text,
    tab_group_code       text
);

create table attributes (
    attribute_id    integer primary key,
    entity_type_id  integer,
    attribute_code  text,
    attribute_model text,
    backend_model   text,
    backend_type    text,
    backend_table   text,
    frontend_model  text,
    frontend_input  text,
    frontend_label  text,
    frontend_class  text,
    source_model    text,
    is_required     integer,
    is_user_defined integer,
    default_value   text,
    is_unique       integer,
    note            text
);
create index attributes_code on attributes (attribute_code, entity_type_id);

-- is_global: 0 store view, 1 global, 2 website.
create table catalog_attributes (
    attribute_id                  integer primary key,
    frontend_input_renderer       text,
    additional_data               text,
    is_global                     integer,
    is_visible                    integer,
    is_searchable                 integer,
    is_filterable                 integer,
    is_comparable                 integer,
    is_visible_on_front           integer,
    is_html_allowed_on_front      integer,
    is_used_for_price_rules       integer,
    is_filterable_in_search       integer,
    used_in_product_listing       integer,
    used_for_sort_by              integer,
    apply_to                      text,
    is_visible_in_advanced_search integer,
    position                      integer,
    is_wysiwyg_enabled            integer,
    is_used_for_promo_rules       integer,
    is_required_in_admin_store    integer,
    is_used_in_grid               integer,
    is_visible_in_grid            integer,
    is_filterable_in_grid         integer,
    search_weight                 real,
    is_pagebuilder_enabled        smallint
);

create table customer_attributes (
    attribute_id               integer primary key,
    is_visible                 integer,
    input_filter               text,
    multiline_count            integer,
    validate_rules             text,
    is_system                  integer,
    sort_order                 bigint,
    data_model                 text,
    is_used_in_grid            integer,
    is_visible_in_grid         integer,
    is_filterable_in_grid      integer,
    is_searchable_in_grid      integer,
    grid_filter_condition_type integer
);

-- Which attributes a set has: a product shows only those of its set.
create table attribute_set_members (
    entity_attribute_id bigint primary key,
    entity_type_id      integer,
    attribute_set_id    integer,
    attribute_group_id  integer,
    attribute_id        integer,
    sort_order          smallint
);
create index attribute_set_members_set on attribute_set_members (attribute_set_id, attribute_id);

create table attribute_options (
    option_id    bigint primary key,
    attribute_id integer,
    sort_order   integer
);
create index attribute_options_attribute on attribute_options (attribute_id);

create table attribute_option_values (
    value_id  bigint primary key,
    option_id bigint,
    store_id  integer,
    value     text
);
create index attribute_option_values_option on attribute_option_values (option_id, store_id);

create table stocks (
    stock_id   integer primary key,
    website_id integer,
    stock_name text
);

-- Customers.

-- Nothing secret is a column here: password, tokens, the state of the lock and
-- the account's confirmation key stay in the source.
create table customers (
    entity_id                 bigint primary key,
    website_id                integer,
    email                     text,
    group_id                  integer,
    increment_id              text,
    store_id                  integer,
    created_at                timestamptz,
    updated_at                timestamptz,
    is_active                 integer,
    disable_auto_group_change integer,
    created_in                text,
    prefix                    text,
    firstname                 text,
    middlename                text,
    lastname                  text,
    suffix                    text,
    dob                       date,
    default_billing           bigint,
    default_shipping          bigint,
    taxvat                    text,
    gender                    integer,
    email_key                 text generated always as (ficus.fold(email)) stored,
    source                    text not null default 'magento'
);
create index customers_email on customers (email_key, website_id);
create index customers_website on customers (website_id, updated_at, entity_id);
create index customers_updated on customers (updated_at, entity_id);
create index customers_created on customers (created_at, entity_id);
create index customers_group on customers (group_id);
create index customers_lastname on customers (lastname, firstname);
create index customers_firstname on customers (firstname);

-- Values by attribute code. A key with null is a row with NULL in the source (it
-- overrides), an absent key is no row. store_id is 0: customers have no scope.
create table customer_values (
    entity_id  bigint not null,
    store_id   integer not null,
    attributes jsonb not null,
    primary key (entity_id, store_id)
) with (fillfactor = 75);

create table customer_addresses (
    entity_id           bigint primary key,
    increment_id        text,
    parent_id           bigint,
    created_at          timestamptz,
    updated_at          timestamptz,
    is_active           integer,
    city                text,
    company             text,
    country_id          text,
    fax                 text,
    firstname           text,
    lastname            text,
    middlename          text,
    postcode            text,
    prefix              text,
    region              text,
    region_id           bigint,
    street              text,
    suffix              text,
    telephone           text,
    vat_id              text,
    vat_is_valid        bigint,
    vat_request_date    text,
    vat_request_id      text,
    vat_request_success bigint
);
create index customer_addresses_parent on customer_addresses (parent_id);

create table customer_address_values (
    entity_id  bigint not null,
    store_id   integer not null,
    attributes jsonb not null,
    primary key (entity_id, store_id)
) with (fillfactor = 75);

-- Catalog.

create table categories (
    entity_id        bigint primary key,
    attribute_set_id integer,
    parent_id        bigint,
    created_at       timestamptz,
    updated_at       timestamptz,
    path             text,
    position         integer,
    level            integer,
    children_count   integer,
    source           text not null default 'magento'
);
create index categories_parent on categories (parent_id, position);
create index categories_path on categories (path text_pattern_ops);

create table category_values (
    entity_id  bigint not null,
    store_id   integer not null,
    attributes jsonb not null,
    primary key (entity_id, store_id)
) with (fillfactor = 75);

create table products (
    entity_id        bigint primary key,
    attribute_set_id integer,
    type_id          text,
    sku              text,
    has_options      smallint,
    required_options integer,
    created_at       timestamptz,
    updated_at       timestamptz,
    sku_key          text generated always as (ficus.fold(sku)) stored,
    source           text not null default 'magento'
);
create index products_sku on products (sku_key);
create index products_updated on products (updated_at, entity_id);
create index products_created on products (created_at, entity_id);
create index products_type on products (type_id);
create index products_attribute_set on products (attribute_set_id);

-- Everything but decimals, by store view; 0 is the default scope.
create table product_values (
    entity_id  bigint not null,
    store_id   integer not null,
    attributes jsonb not null,
    primary key (entity_id, store_id)
) with (fillfactor = 75);

-- The decimals, which price and cost feeds change: narrow, and without indexes but
-- the key, so that updates stay HOT.
create table product_prices (
    entity_id  bigint not null,
    store_id   integer not null,
    attributes jsonb not null,
    primary key (entity_id, store_id)
) with (fillfactor = 75);

create table product_websites (
    product_id bigint not null,
    website_id integer not null,
    primary key (product_id, website_id)
);
create index product_websites_website on product_websites (website_id);

-- entity_id is part of the source's key; (category_id, product_id) is unique there.
create table product_categories (
    entity_id   integer not null,
    category_id bigint not null,
    product_id  bigint not null,
    position    integer,
    primary key (category_id, product_id, entity_id)
);
create index product_categories_product on product_categories (product_id);

-- Feeds change it all day: indexed by product, which no feed changes.
create table stock_items (
    item_id                     bigint primary key,
    product_id                  bigint,
    stock_id                    integer,
    qty                         numeric(12,4),
    min_qty                     numeric(12,4),
    use_config_min_qty          integer,
    is_qty_decimal              integer,
    backorders                  integer,
    use_config_backorders       integer,
    min_sale_qty                numeric(12,4),
    use_config_min_sale_qty     integer,
    max_sale_qty                numeric(12,4),
    use_config_max_sale_qty     integer,
    is_in_stock                 integer,
    low_stock_date              timestamptz,
    notify_stock_qty            numeric(12,4),
    use_config_notify_stock_qty integer,
    manage_stock                integer,
    use_config_manage_stock     integer,
    stock_status_changed_auto   integer,
    use_config_qty_increments   integer,
    qty_increments              numeric(12,4),
    use_config_enable_qty_inc   integer,
    enable_qty_increments       integer,
    is_decimal_divided          integer,
    website_id                  integer
) with (fillfactor = 75);
create index stock_items_product on stock_items (product_id);

-- Orders: flat in the source, flat here.

create table orders (
    entity_id                            bigint primary key,
    state                                text,
    status                               text,
    coupon_code                          text,
    shipping_description                 text,
    is_virtual                           integer,
    store_id                             integer,
    customer_id                          bigint,
    base_discount_amount                 numeric(20,4),
    base_discount_canceled               numeric(20,4),
    base_discount_invoiced               numeric(20,4),
    base_discount_refunded               numeric(20,4),
    base_grand_total                     numeric(20,4),
    base_shipping_amount                 numeric(20,4),
    base_shipping_canceled               numeric(20,4),
    base_shipping_invoiced               numeric(20,4),
    base_shipping_refunded               numeric(20,4),
    base_shipping_tax_amount             numeric(20,4),
    base_shipping_tax_refunded           numeric(20,4),
    base_subtotal                        numeric(20,4),
    base_subtotal_canceled               numeric(20,4),
    base_subtotal_invoiced               numeric(20,4),
    base_subtotal_refunded               numeric(20,4),
    base_tax_amount                      numeric(20,4),
    base_tax_canceled                    numeric(20,4),
    base_tax_invoiced                    numeric(20,4),
    base_tax_refunded                    numeric(20,4),
    base_to_global_rate                  numeric(20,4),
    base_to_order_rate                   numeric(20,4),
    base_total_canceled                  numeric(20,4),
    base_total_invoiced                  numeric(20,4),
    base_total_invoiced_cost             numeric(20,4),
    base_total_offline_refunded          numeric(20,4),
    base_total_online_refunded           numeric(20,4),
    base_total_paid                      numeric(20,4),
    base_total_qty_ordered               numeric(12,4),
    base_total_refunded                  numeric(20,4),
    discount_amount                      numeric(20,4),
    discount_canceled                    numeric(20,4),
    discount_invoiced                    numeric(20,4),
    discount_refunded                    numeric(20,4),
    grand_total                          numeric(20,4),
    shipping_amount                      numeric(20,4),
    shipping_canceled                    numeric(20,4),
    shipping_invoiced                    numeric(20,4),
    shipping_refunded                    numeric(20,4),
    shipping_tax_amount                  numeric(20,4),
    shipping_tax_refunded                numeric(20,4),
    store_to_base_rate                   numeric(12,4),
    store_to_order_rate                  numeric(12,4),
    subtotal                             numeric(20,4),
    subtotal_canceled                    numeric(20,4),
    subtotal_invoiced                    numeric(20,4),
    subtotal_refunded                    numeric(20,4),
    tax_amount                           numeric(20,4),
    tax_canceled                         numeric(20,4),
    tax_invoiced                         numeric(20,4),
    tax_refunded                         numeric(20,4),
    total_canceled                       numeric(20,4),
    total_invoiced                       numeric(20,4),
    total_offline_refunded               numeric(20,4),
    total_online_refunded                numeric(20,4),
    total_paid                           numeric(20,4),
    total_qty_ordered                    numeric(12,4),
    total_refunded                       numeric(20,4),
    can_ship_partially                   integer,
    can_ship_partially_item              integer,
    customer_is_guest                    integer,
    customer_note_notify                 integer,
    billing_address_id                   integer,
    customer_group_id                    integer,
    edit_increment                       integer,
    email_sent                           smallint,
    send_email                           integer,
    forced_shipment_with_invoice         integer,
    payment_auth_expiration              integer,
    quote_address_id                     integer,
    quote_id                             integer,
    shipping_address_id                  integer,
    adjustment_negative                  numeric(20,4),
    adjustment_positive                  numeric(20,4),
    base_adjustment_negative             numeric(20,4),
    base_adjustment_positive             numeric(20,4),
    base_shipping_discount_amount        numeric(20,4),
    base_subtotal_incl_tax               numeric(20,4),
    base_total_due                       numeric(20,4),
    payment_authorization_amount         numeric(20,4),
    shipping_discount_amount             numeric(20,4),
    subtotal_incl_tax                    numeric(20,4),
    total_due                            numeric(20,4),
    weight                               numeric(12,4),
    customer_dob                         timestamp,
    increment_id                         text,
    applied_rule_ids                     text,
    base_currency_code                   text,
    customer_email                       text,
    customer_firstname                   text,
    customer_lastname                    text,
    customer_middlename                  text,
    customer_prefix                      text,
    customer_suffix                      text,
    customer_taxvat                      text,
    discount_description                 text,
    ext_customer_id                      text,
    ext_order_id                         text,
    global_currency_code                 text,
    hold_before_state                    text,
    hold_before_status                   text,
    order_currency_code                  text,
    original_increment_id                text,
    relation_child_id                    text,
    relation_child_real_id               text,
    relation_parent_id                   text,
    relation_parent_real_id              text,
    shipping_method                      text,
    store_currency_code                  text,
    store_name                           text,
    customer_note                        text,
    created_at                           timestamptz,
    updated_at                           timestamptz,
    total_item_count                     integer,
    customer_gender                      integer,
    discount_tax_compensation_amount     numeric(20,4),
    base_discount_tax_compensation_amount numeric(20,4),
    shipping_discount_tax_compensation_amount numeric(20,4),
    base_shipping_discount_tax_compensation_amnt numeric(20,4),
    discount_tax_compensation_invoiced   numeric(20,4),
    base_discount_tax_compensation_invoiced numeric(20,4),
    discount_tax_compensation_refunded   numeric(20,4),
    base_discount_tax_compensation_refunded numeric(20,4),
    shipping_incl_tax                    numeric(20,4),
    base_shipping_incl_tax               numeric(20,4),
    coupon_rule_name                     text,
    gift_message_id                      integer,
    paypal_ipn_customer_notified         integer,
    customer_email_key                   text generated always as (ficus.fold(customer_email)) stored,
    source                               text not null default 'magento'
);
create index orders_increment on orders (increment_id, store_id);
create index orders_customer on orders (customer_id, entity_id);
create index orders_email on orders (customer_email_key);
create index orders_status on orders (status, created_at);
create index orders_created on orders (created_at, entity_id);
create index orders_updated on orders (updated_at, entity_id);
create index orders_store on orders (store_id, entity_id);

create table order_items (
    item_id                              bigint primary key,
    order_id                             bigint,
    parent_item_id                       bigint,
    quote_item_id                        bigint,
    store_id                             integer,
    created_at                           timestamptz,
    updated_at                           timestamptz,
    product_id                           bigint,
    product_type                         text,
    product_options                      text,
    additional_data                      text,
    weight                               numeric(12,4),
    is_virtual                           integer,
    sku                                  text,
    name                                 text,
    description                          text,
    applied_rule_ids                     text,
    is_qty_decimal                       integer,
    no_discount                          integer,
    qty_backordered                      numeric(12,4),
    qty_canceled                         numeric(12,4),
    qty_invoiced                         numeric(12,4),
    qty_ordered                          numeric(12,4),
    qty_refunded                         numeric(12,4),
    qty_shipped                          numeric(12,4),
    base_cost                            numeric(12,4),
    price                                numeric(20,4),
    base_price                           numeric(20,4),
    original_price                       numeric(20,4),
    base_original_price                  numeric(20,4),
    tax_percent                          numeric(12,4),
    tax_amount                           numeric(20,4),
    base_tax_amount                      numeric(20,4),
    tax_invoiced                         numeric(20,4),
    base_tax_invoiced                    numeric(20,4),
    discount_percent                     numeric(12,4),
    discount_amount                      numeric(20,4),
    base_discount_amount                 numeric(20,4),
    discount_invoiced                    numeric(20,4),
    base_discount_invoiced               numeric(20,4),
    amount_refunded                      numeric(20,4),
    base_amount_refunded                 numeric(20,4),
    row_total                            numeric(20,4),
    base_row_total                       numeric(20,4),
    row_invoiced                         numeric(20,4),
    base_row_invoiced                    numeric(20,4),
    row_weight                           numeric(12,4),
    base_tax_before_discount             numeric(20,4),
    tax_before_discount                  numeric(20,4),
    ext_order_item_id                    text,
    locked_do_invoice                    integer,
    locked_do_ship                       integer,
    price_incl_tax                       numeric(20,4),
    base_price_incl_tax                  numeric(20,4),
    row_total_incl_tax                   numeric(20,4),
    base_row_total_incl_tax              numeric(20,4),
    discount_tax_compensation_amount     numeric(20,4),
    base_discount_tax_compensation_amount numeric(20,4),
    discount_tax_compensation_invoiced   numeric(20,4),
    base_discount_tax_compensation_invoiced numeric(20,4),
    discount_tax_compensation_refunded   numeric(20,4),
    base_discount_tax_compensation_refunded numeric(20,4),
    tax_canceled                         numeric(12,4),
    discount_tax_compensation_canceled   numeric(20,4),
    tax_refunded                         numeric(20,4),
    base_tax_refunded                    numeric(20,4),
    discount_refunded                    numeric(20,4),
    base_discount_refunded               numeric(20,4),
    gift_message_id                      integer,
    gift_message_available               integer,
    free_shipping                        integer,
    weee_tax_applied                     text,
    weee_tax_applied_amount              numeric(12,4),
    weee_tax_applied_row_amount          numeric(12,4),
    weee_tax_disposition                 numeric(12,4),
    weee_tax_row_disposition             numeric(12,4),
    base_weee_tax_applied_amount         numeric(12,4),
    base_weee_tax_applied_row_amnt       numeric(12,4),
    base_weee_tax_disposition            numeric(12,4),
    base_weee_tax_row_disposition        numeric(12,4)
);
create index order_items_order on order_items (order_id);

create table order_addresses (
    entity_id           bigint primary key,
    parent_id           bigint,
    customer_address_id integer,
    quote_address_id    integer,
    region_id           integer,
    customer_id         integer,
    fax                 text,
    region              text,
    postcode            text,
    lastname            text,
    street              text,
    city                text,
    email               text,
    telephone           text,
    country_id          text,
    firstname           text,
    address_type        text,
    prefix              text,
    middlename          text,
    suffix              text,
    company             text,
    vat_id              text,
    vat_is_valid        smallint,
    vat_request_id      text,
    vat_request_date    text,
    vat_request_success smallint
);
create index order_addresses_parent on order_addresses (parent_id);

-- Card, cheque and gateway columns of the source are left out.
create table order_payments (
    entity_id                   bigint primary key,
    parent_id                   bigint,
    base_shipping_captured      numeric(20,4),
    shipping_captured           numeric(20,4),
    amount_refunded             numeric(20,4),
    base_amount_paid            numeric(20,4),
    amount_canceled             numeric(20,4),
    base_amount_authorized      numeric(20,4),
    base_amount_paid_online     numeric(20,4),
    base_amount_refunded_online numeric(20,4),
    base_shipping_amount        numeric(20,4),
    shipping_amount             numeric(20,4),
    amount_paid                 numeric(20,4),
    amount_authorized           numeric(20,4),
    base_amount_ordered         numeric(20,4),
    base_shipping_refunded      numeric(20,4),
    shipping_refunded           numeric(20,4),
    base_amount_refunded        numeric(20,4),
    amount_ordered              numeric(20,4),
    base_amount_canceled        numeric(20,4),
    quote_payment_id            integer,
    method                      text,
    protection_eligibility      text,
    last_trans_id               text,
    po_number                   text,
    anet_trans_method           text
);
create index order_payments_parent on order_payments (parent_id);

create table order_status_history (
    entity_id            bigint primary key,
    parent_id            bigint,
    is_customer_notified integer,
    is_visible_on_front  integer,
    comment              text,
    status               text,
    created_at           timestamptz,
    entity_name          text
);
create index order_status_history_parent on order_status_history (parent_id);
